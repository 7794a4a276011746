import Foundation
import Glibc
import SgloradInterface
import TestSupport
import Testing

@testable import sglorad_ctl

/// What `doctor --fix` may mend, without a daemon.
@Suite struct DoctorTests {
    @Test func administratorsMendDamageAndMissingGenerators() {
        func mend(_ name: String, _ isAdministrator: Bool) -> Mend? {
            Mend(
                condition: Wire.Condition(name: name, message: "", remedy: ""),
                isAdministrator: isAdministrator)
        }
        #expect(mend("cache/expert 'x'", true) == .repair)
        #expect(mend("generator/a/b", true) == .train(base: "a/b"))
        for name in ["cache/expert 'x'", "generator/b", "disk", "queue"] { #expect(mend(name, false) == nil) }
        // Files that a person has to look at, and what belongs to users, are left alone.
        for name in ["damaged/x", "disk", "queue", "text-encoder", "cache-size"] {
            #expect(mend(name, true) == nil)
        }
    }

    @Test func theUnitIsTheOneThatListensOnThePath() throws {
        func unit(_ load: String, _ file: String, _ active: String, path: String = "/s") -> SocketUnit? {
            SocketUnit(
                properties:
                    "Listen=/s (Stream)\nLoadState=\(load)\nActiveState=\(active)\nUnitFileState=\(file)\n",
                path: path)
        }
        #expect(unit("not-found", "", "inactive") == nil)
        #expect(unit("loaded", "disabled", "inactive", path: "/other") == nil)
        #expect(unit("loaded", "disabled", "inactive")?.isStartable == true)
        #expect(unit("loaded", "enabled", "active")?.isStartable == false)
        #expect(unit("masked", "masked", "inactive")?.isStartable == false)
        let masked = try #require(unit("masked", "masked", "inactive"))
        #expect(masked.remedy.contains("unmask"))
    }

    @Test func openFoldersAreClosedForOthersOnlyAndLinksAreNotFollowed() async throws {
        try await withTemporaryFolder { folder in
            let state = "\(folder)/state"
            for name in ["", "/adapters", "/private"] {
                try FileManager.default.createDirectory(
                    atPath: state + name, withIntermediateDirectories: true)
            }
            #expect(symlink("/etc", "\(state)/lock") == 0)
            #expect(chmod(state, 0o711) == 0 && chmod("\(state)/adapters", 0o775) == 0)
            #expect(chmod("\(state)/private", 0o1757) == 0)
            let open = StateFolder.open(in: state)
            #expect(open.map(\.path) == ["\(state)/adapters", "\(state)/private"])
            #expect(open.map(\.modeText) == ["0775", "1757"])
            for folder in open { try folder.close() }
            #expect(StateFolder.open(in: state).isEmpty)
            var status = stat()
            #expect(stat("\(state)/adapters", &status) == 0 && status.st_mode & 0o777 == 0o711)
        }
        #expect(StateFolder.open(in: "/nowhere").isEmpty)
    }

    @Test func systemCommandsReportTheirStatusAndOutput() throws {
        let outcome = try SystemCommand.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        #expect(outcome.status == 3 && outcome.output == "out\nerr\n")
        #expect(throws: (any Error).self) { try SystemCommand.run(["no-such-command-here"]) }
    }
}

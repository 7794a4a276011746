import Foundation
import Glibc
import SgloradInterface
import TestSupport
import Testing

/// What `sglorad-ctl doctor --fix` mends, with the real daemon; a second run finds nothing to mend.
@Suite("Doctor --fix", .timeLimit(.minutes(20)), .needsModel)
struct DoctorFixTests {
    private static func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test("folders of the state directory that others can read are closed")
    func folders() async throws {
        try await TestDaemon.run { daemon in
            let folder = "\(daemon.state)/private"
            let before = Self.mode(daemon.state)
            #expect(chmod(folder, 0o755) == 0)
            let found = try await daemon.control("doctor")
            #expect(found.status == 1 && found.output.contains("chmod 0700 \(folder)"), "\(found.output)")
            #expect(found.output.contains("doctor --fix"), "\(found.output)")
            let shown = try await daemon.control("doctor", "--fix", "--dry-run")
            #expect(shown.output.contains("would mend  folder \(folder)"), "\(shown.output)")
            #expect(Self.mode(folder) == 0o755)
            let mended = try await daemon.control("doctor", "--fix")
            #expect(mended.output.contains("mended  folder \(folder)"), "\(mended.output)")
            #expect(Self.mode(folder) == 0o700 && Self.mode(daemon.state) == before)
            let again = try await daemon.control("doctor", "--fix")
            #expect(again.output.contains("Nothing to mend."), "\(again.output)")
        }
    }

    @Test("damaged rows are restored and a missing generator is trained; afterwards all is well")
    func libraryIsMended() async throws {
        try await TestDaemon.run(
            configuration: "cache:\n  verifyEvery: 0s\n", experts: Places.fewExperts
        ) { daemon in
            let trainings = try await daemon.control("doctor", "--fix", "--dry-run", "--json")
            let mends = try #require(try trainings.json()["mends"] as? [[String: Any]])
            #expect(mends.count == 1 && mends[0]["result"] as? String == "would", "\(trainings.output)")
            let python = """
                import sqlite3, sys
                db = sqlite3.connect(sys.argv[1], timeout=30)
                db.execute("UPDATE expert SET embedding = zeroblob(1536) WHERE name = 'wn-fish'")
                db.commit()
                """
            let done = try await Program.run(
                "/usr/bin/python3", ["-c", python, "\(daemon.state)/private/cache.db"])
            #expect(done.status == 0, "\(done.error)")
            let damaged = try await daemon.control("cache", "verify")
            #expect(damaged.status == 1)
            let mended = try await daemon.control("doctor", "--fix")
            #expect(mended.status == 0, "\(mended.output) \(mended.error)")
            #expect(
                mended.output.contains("mended  cache: sglorad-ctl cache verify --repair"), "\(mended.output)"
            )
            #expect(mended.output.contains("mended  generator of "), "\(mended.output)")
            let sound = try await daemon.control("cache", "verify")
            #expect(sound.status == 0)
            let again = try await daemon.control("doctor", "--fix")
            #expect(again.status == 0 && again.output.contains("Nothing to mend."), "\(again.output)")
        }
    }

    @Test("a socket's unit that is off is started, and the daemon answers")
    func socketUnit() async throws {
        try #require(getuid() == 0, "needs root")
        try await withTemporaryFolder { folder in
            // Plays the service manager, which starts the real daemon.
            let systemctl = """
                #!/bin/sh
                echo "$@" >> \(folder)/calls
                case "$1" in
                show)
                    active=inactive; test -e \(folder)/on && active=active
                    printf 'Listen=%s (Stream)\\nLoadState=loaded\\nActiveState=%s\\nUnitFileState=disabled\\n' \
                \(folder)/socket $active ;;
                enable)
                    touch \(folder)/on
                    HOME=/root setsid \(Places.products)/sglorad --state-dir \(folder)/state --socket \(folder)/socket \
                --model \(Places.model) > /dev/null 2> \(folder)/log < /dev/null &
                    echo $! > \(folder)/process
                    while ! test -S \(folder)/socket; do sleep 0.1; done ;;
                esac
                """
            try FileManager.default.createDirectory(
                atPath: "\(folder)/bin", withIntermediateDirectories: true)
            try Data(systemctl.utf8).write(to: URL(filePath: "\(folder)/bin/systemctl"))
            #expect(chmod("\(folder)/bin/systemctl", 0o755) == 0)
            let environment = ["PATH": "\(folder)/bin:/usr/bin:/bin", "SGLORAD_SOCKET": "\(folder)/socket"]
            func doctor(_ arguments: String...) async throws -> Program.Outcome {
                try await Program.run(
                    "\(Places.products)/sglorad-ctl", ["doctor"] + arguments, environment: environment)
            }
            let found = try await doctor()
            #expect(found.status == 1 && found.output.contains("sudo systemctl enable --now sglorad.socket"))
            let shown = try await doctor("--fix", "--dry-run")
            #expect(shown.output.contains("would mend  socket"), "\(shown.output)")
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/on"))
            let mended = try await doctor("--fix")
            #expect(
                mended.output.contains("mended  socket: systemctl enable --now sglorad.socket"), "\(mended)")
            #expect(mended.output.contains("ok  socket: a daemon listens"), "\(mended.output)")
            let again = try await doctor("--fix")
            #expect(again.output.contains("Nothing to mend."), "\(again.output)")
            let calls = try String(contentsOfFile: "\(folder)/calls", encoding: .utf8)
            #expect(calls.split(separator: "\n").count { $0.hasPrefix("enable") } == 1, "\(calls)")
            let text = try String(contentsOfFile: "\(folder)/process", encoding: .utf8)
            let process = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            kill(process, SIGTERM)
            try await eventually("the daemon's end") { !DaemonProcess.isAlive(process) }
        }
    }

    @Test("what needs a person is said and left alone")
    func leftAlone() async throws {
        try await TestDaemon.run(model: "/nowhere/model") { daemon in
            let damaged = "\(daemon.state)/private/damaged/thing"
            try FileManager.default.createDirectory(atPath: damaged, withIntermediateDirectories: true)
            let fixed = try await daemon.control("doctor", "--fix")
            #expect(fixed.status == 1 && fixed.output.contains("Nothing to mend."), "\(fixed.output)")
            #expect(fixed.output.contains("make model") && fixed.output.contains(damaged), "\(fixed.output)")
            #expect(FileManager.default.fileExists(atPath: damaged))
            let usage = try await daemon.control("doctor", "--dry-run")
            #expect(usage.status == 64)
        }
    }
}

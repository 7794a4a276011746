import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// A full disk, simulated by a small tmpfs; needs root.
@Suite(
    "Full disk", .timeLimit(.minutes(20)),
    .enabled(if: Places.hasModel && geteuid() == 0, "needs root and the text encoder"))
struct FullDiskTests {
    @Test("a full disk is reported with a remedy, leaves no partial files, and needs no restart once freed")
    func noRoom() async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                atPath: "\(folder)/state", withIntermediateDirectories: false)
            // In a separate mount namespace, so that the file system disappears with the daemon.
            let script = """
                mount -t tmpfs -o size=3m tmpfs "$0/state" && exec "$@"
                """
            try await TestDaemon.run(
                in: folder, launcher: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, folder]
            ) { daemon in
                // From outside, the daemon's file system is reached through its process.
                let state = "/proc/\(daemon.process)/root\(folder)/state"
                try await daemon.importExperts(Places.experts("wn-birds"))
                let filler = "\(state)/filler"
                #expect(FileManager.default.createFile(atPath: filler, contents: nil))
                let descriptor = open(filler, O_WRONLY)
                let block = [UInt8](repeating: 7, count: 4096)
                while write(descriptor, block, block.count) > 0 {}
                close(descriptor)

                let expert = try await daemon.control("expert", "import", "\(Places.zoo)/experts/wn-fish")
                #expect(expert.status == 1, "\(expert.output)")
                #expect(expert.error.contains("Free space"), "\(expert.error)")
                let request = try await daemon.control("request", "definitions of birds")
                #expect(request.status == 1)
                #expect(request.error.contains("Free space"), "\(request.error)")
                let temporary = try FileManager.default.contentsOfDirectory(atPath: "\(state)/temporary")
                #expect(temporary.isEmpty)
                let experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(experts.experts.map(\.name) == ["wn-birds"])

                #expect(unlink(filler) == 0)
                let again = try await daemon.control("request", "definitions of birds")
                #expect(again.status == 0, "\(again.error)")
            }
        }
    }
}

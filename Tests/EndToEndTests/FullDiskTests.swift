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
                let temporary = try FileManager.default.contentsOfDirectory(
                    atPath: "\(state)/private/temporary")
                #expect(temporary.isEmpty)
                let experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(experts.experts.map(\.name) == ["wn-birds"])

                #expect(unlink(filler) == 0)
                let again = try await daemon.control("request", "definitions of birds")
                #expect(again.status == 0, "\(again.error)")
            }
        }
    }

    @Test("what frees space works on a full disk: evict, remove, forget, cancel, and a start")
    func freeing() async throws {
        try await withTemporaryFolder { folder in
            let state = "\(folder)/state"
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
            try #require(mount("tmpfs", state, "tmpfs", 0, "size=24m") == 0)
            defer { umount2(state, 2) }
            let configuration = "cache:\n  minimumAge: 0s\n"
            try await TestDaemon.run(in: folder, configuration: configuration) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                var adapters: [Wire.Adapter] = []
                var requests: [String] = []
                for seed in 0..<12 {
                    let reply = try await daemon.reply(
                        Methods.Request.Reply.self, "request", "definitions of birds", "--force", "--seed",
                        "\(seed)",
                        "--label", "ptarmigan\(seed)")
                    adapters.append(try #require(reply.adapter))
                    requests.append(reply.request.requestId)
                }
                for adapter in adapters[6...] {
                    _ = try await daemon.control("adapter", "pin", adapter.adapterId)
                }
                // The sweep of every 20 seconds truncates the queue's log; afterwards nothing gives room back by itself.
                try await eventually("the log to be truncated") {
                    let log = try? FileManager.default.attributesOfItem(
                        atPath: "\(state)/private/queue.db-wal")
                    return (log?[.size] as? Int ?? 0) == 0
                }
                fill("\(state)/filler")
                let refused = try await daemon.control("request", "definitions of birds", "--force")
                #expect(refused.status == 1 && refused.error.contains("Free space"), "\(refused.error)")

                let removed = try await daemon.control("adapter", "remove", adapters[6].adapterId)
                #expect(removed.status == 0, "\(removed.error)")
                fill("\(state)/filler")
                let forgotten = try await daemon.control("forget", requests[7])
                #expect(forgotten.status == 0, "\(forgotten.error)")
                fill("\(state)/filler")
                let labelled = try await daemon.control("forget", "--label", "ptarmigan8")
                #expect(labelled.status == 0, "\(labelled.error)")
                fill("\(state)/filler")
                let evicted = try await daemon.reply(
                    Methods.EvictCache.Reply.self, "cache", "evict", "--max-bytes", "0")
                #expect(evicted.evicted.count == 6 && evicted.kept == 3)
                let left = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list").adapters
                #expect(Set(left.map(\.adapterId)) == Set(adapters[9...].map(\.adapterId)))
                fill("\(state)/filler")
                let expert = try await daemon.control("expert", "remove", "wn-fish")
                #expect(expert.status == 0, "\(expert.error)")
                fill("\(state)/filler")
            }
            // The start needs room for the databases' logs; forgetting everything works after it.
            try await TestDaemon.run(in: folder, configuration: configuration) { daemon in
                fill("\(state)/filler")
                let all = try await daemon.control("forget", "--all")
                #expect(all.status == 0, "\(all.error)")
                let left = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list").adapters
                #expect(left.isEmpty)
                #expect(try await daemon.control("cache", "verify").status == 0)
                #expect(unlink("\(state)/filler") == 0)
                _ = try await daemon.control("cache", "evict")
                let again = try await daemon.control("request", "definitions of birds", "--force")
                #expect(again.status == 0, "\(again.error)")
            }
            #expect(try StateBytes.paths(holding: "ptarmigan", under: state).isEmpty)
        }
    }

    /// Writes to a file until the disk is full.
    private func fill(_ path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(descriptor) }
        for size in [65536, 4096, 512] {
            let block = [UInt8](repeating: 7, count: size)
            while write(descriptor, block, size) == size {}
        }
    }
}

/// A search for bytes in files.
enum StateBytes {
    /// The files under a folder that hold a text.
    static func paths(holding text: String, under folder: String) throws -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
        return names.map { "\(folder)/\($0)" }.filter { path in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
            else {
                return false
            }
            // A file may be gone since it was listed.
            return FileManager.default.contents(atPath: path)?.range(of: Data(text.utf8)) != nil
        }
    }
}

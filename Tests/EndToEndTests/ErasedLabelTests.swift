import Foundation
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Where a label is left when its adapter is gone.
@Suite("Erased labels", .timeLimit(.minutes(20)), .needsModel)
struct ErasedLabelTests {
    private static func label(
        _ label: String, _ daemon: some DaemonAccess
    ) async throws -> (adapter: String, request: String) {
        let reply = try await daemon.reply(
            Methods.Request.Reply.self, "request", "definitions of birds", "--force", "--label", label)
        return (try #require(reply.adapter).adapterId, reply.request.requestId)
    }

    @Test(
        "a label is in no file of the library once its adapter was removed or evicted, and in none at all after forget"
    )
    func labels() async throws {
        try await TestDaemon.run(configuration: "cache:\n  minimumAge: 0s\n", experts: Places.twoExperts) {
            daemon in
            let removed = try await Self.label("ptarmigan", daemon)
            let evicted = try await Self.label("capercaillie", daemon)
            // The row is written again, so that the log holds more than one version of it.
            for pinned in [["pin"], ["pin", "--off"]] {
                _ = try await daemon.control(["adapter"] + pinned + [evicted.adapter])
            }
            #expect(try await daemon.control("adapter", "remove", removed.adapter).status == 0)
            let eviction = try await daemon.control("cache", "evict", "--max-bytes", "0")
            #expect(eviction.status == 0 && eviction.output.contains("1 adapter"), "\(eviction.output)")
            for label in ["ptarmigan", "capercaillie"] {
                let left = try StateBytes.paths(holding: label, under: daemon.state)
                #expect(left.allSatisfy { $0.contains("/queue.db") }, "\(label): \(left)")
            }
            #expect(try await daemon.control("forget", removed.request).status == 0)
            #expect(try await daemon.control("forget", "--label", "capercaillie").status == 0)
            for label in ["ptarmigan", "capercaillie"] {
                let left = try StateBytes.paths(holding: label, under: daemon.state)
                #expect(left.isEmpty, "\(label): \(left)")
            }
        }
    }

    @Test("a label that a killed daemon left in the log is gone after the next start")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try DaemonProcess(folder: folder)
            try await daemon.run(stoppingBy: .killing) { process in
                try #require(try await daemon.waitUntilServing(process))
                try await daemon.importExperts(Places.twoExperts)
                let made = try await Self.label("ptarmigan", daemon)
                _ = try await daemon.control("adapter", "remove", made.adapter)
                _ = try await daemon.control("forget", made.request)
            }
            try await TestDaemon.run(in: folder) { daemon in
                let left = try StateBytes.paths(holding: "ptarmigan", under: daemon.state)
                #expect(left.isEmpty, "\(left)")
            }
        }
    }
}

import ControlProtocol
import Foundation
import Glibc
import Testing

/// The queue through the real daemon's socket.
@Suite("Queue", .timeLimit(.minutes(20)), .enabled(if: Places.hasModel, "needs the text encoder: make model"))
struct QueueTests {
    /// Waits for a request's end.
    private func end(of id: String, _ daemon: TestDaemon) async throws -> Wire.Request {
        while true {
            let request = try await daemon.reply(Methods.GetRequest.Reply.self, "queue", "show", id).request
            if request.finishedAt != nil { return request }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("a request is submitted without waiting, shown, listed, and asked for only once under its key")
    func submitting() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
            let words = [
                "request", "definitions of birds", "--no-wait", "--idempotency-key", "k-1", "--label", "l",
            ]
            let first = try await daemon.control(words)
            #expect(first.status == 0, "\(first.error)")
            let id = first.output.trimmingCharacters(in: .newlines)
            let request = try await end(of: id, daemon)
            #expect(request.state == "done" && request.adapterId != nil && request.attempts == 1)
            #expect(request.label == "l" && request.uid == Int(geteuid()))
            #expect(try await daemon.control(words).output == first.output)
            // The same key with a wait gives the same adapter; with another intent, an error.
            let waited = try await daemon.reply(
                Methods.Request.Reply.self, "request", "definitions of birds", "--idempotency-key", "k-1",
                "--label", "l")
            #expect(waited.request.requestId == id && waited.adapter?.adapterId == request.adapterId)
            let other = try await daemon.control(
                "request", "definitions of fish", "--no-wait", "--idempotency-key", "k-1")
            #expect(other.status == 65 && other.error.contains("idempotencyKey"), "\(other.error)")

            let list = try await daemon.reply(
                Methods.ListRequests.Reply.self, "queue", "list", "--label", "l")
            #expect(list.requests == [request] && list.more == nil)
            let none = try await daemon.control("queue", "list", "--state", "failed")
            #expect(none.output == "There are no requests.\n")
            let table = try await daemon.control("queue", "list")
            #expect(table.output.contains(id) && table.output.contains("STATE"))
            #expect(!table.output.contains("definitions"))
        }
    }

    @Test("what cannot be is named: a request of nobody, a state, a limit, a retry without its text")
    func mistakes() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
            for verb in ["show", "cancel", "retry"] {
                let outcome = try await daemon.control("queue", verb, "r-nobody")
                #expect(outcome.status == 65 && outcome.error.contains("no request 'r-nobody'"), "\(verb)")
            }
            let client = try await VarlinkClient.connect(path: daemon.socket)
            for parameters in [
                Methods.ListRequests.Parameters(state: "waiting"), .init(limit: 0), .init(limit: 1001),
            ] {
                let error = await #expect(throws: VarlinkError.self) {
                    try await client.call(
                        Methods.ListRequests.qualifiedName, parameters,
                        returning: Methods.ListRequests.Reply.self)
                }
                #expect(error?.name == "io.sglorad.InvalidRequest")
            }
            for limit in [0, 1001] {
                let error = await #expect(throws: VarlinkError.self) {
                    try await client.call(
                        Methods.ListAdapters.qualifiedName, Methods.ListAdapters.Parameters(limit: limit),
                        returning: Methods.ListAdapters.Reply.self)
                }
                #expect(error?.name == "io.sglorad.InvalidRequest")
            }
            await client.close()

            let refused = try await daemon.control("request", "zzz qqq xxyzzy", "--json")
            #expect(refused.status == 2, "\(refused.output)")
            let list = try await daemon.reply(
                Methods.ListRequests.Reply.self, "queue", "list", "--state", "refused")
            let id = try #require(list.requests.first?.requestId)
            let ended = try await daemon.control("queue", "cancel", id)
            #expect(ended.output.contains("already ended"))
            let erased = try await daemon.control("queue", "retry", id)
            #expect(erased.status == 65 && erased.error.contains("erased"), "\(erased.error)")
            let retried = try await daemon.control(
                "queue", "retry", id, "--text", "-", input: "zzz qqq xxyzzy\n")
            #expect(retried.status == 0, "\(retried.error)")
            #expect(try await end(of: id, daemon).state == "refused")
        }
    }

    @Test("a crash between publishing and the queue's commit makes no second adapter")
    func crash() async throws {
        try await withTemporaryFolder { folder in
            var ids: [String] = []
            for round in 0..<3 {
                let id = Box()
                await #expect(throws: CancellationError.self) {
                    try await TestDaemon.run(in: folder) { daemon in
                        if round == 0 {
                            try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
                        }
                        for number in 0..<4 {
                            let outcome = try await daemon.control(
                                "request", "definitions of birds", "--no-wait", "--idempotency-key",
                                "\(round)-\(number)")
                            id.append(outcome.output.trimmingCharacters(in: .newlines))
                        }
                        // The run is ended by SIGKILL.
                        throw CancellationError()
                    }
                }
                ids += id.all
            }
            let all = ids
            try await TestDaemon.run(in: folder) { daemon in
                for id in all { #expect(try await end(of: id, daemon).state == "done") }
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                    .adapters
                #expect(adapters.count == 12)
                let requests = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                    .requests
                #expect(Set(requests.compactMap(\.adapterId)) == Set(adapters.map(\.adapterId)))
            }
        }
    }

    /// Words that one run collects.
    private final class Box: @unchecked Sendable {
        // Only one task at a time touches it.
        private(set) var all: [String] = []
        func append(_ word: String) { all.append(word) }
    }
}

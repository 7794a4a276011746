import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// The request queue through the real daemon's socket.
@Suite("Queue", .timeLimit(.minutes(20)), .needsModel)
struct QueueTests {
    @Test("a request is submitted, shown, listed, and deduplicated by its idempotency key")
    func submitting() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let words = [
                "request", "definitions of birds", "--no-wait", "--idempotency-key", "k-1", "--label", "l",
            ]
            let first = try await daemon.control(words)
            #expect(first.status == 0, "\(first.error)")
            let id = first.line
            let request = try await daemon.finished(id)
            #expect(request.state == "done" && request.adapterId != nil && request.attempts == 1)
            #expect(request.label == "l" && request.uid == Int(geteuid()))
            #expect(try await daemon.control(words).output == first.output)
            // The same key gives the same adapter when waiting, and an error with another intent.
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

    @Test("an unknown request, an invalid state or limit, and a retry without the erased text are errors")
    func mistakes() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            for verb in ["show", "cancel", "retry"] {
                let outcome = try await daemon.control("queue", verb, "r-nobody")
                #expect(outcome.status == 65 && outcome.error.contains("no request 'r-nobody'"), "\(verb)")
            }
            let client = try await VarlinkClient.connect(path: daemon.socket)
            func expectInvalid(_ call: () async throws -> Void) async {
                let error = await #expect(throws: VarlinkError.self) { try await call() }
                #expect(error?.name == "io.sglorad.InvalidRequest")
            }
            for parameters in [
                Methods.ListRequests.Parameters(state: "waiting"), .init(limit: 0), .init(limit: 1001),
            ] {
                await expectInvalid {
                    _ = try await client.call(
                        Methods.ListRequests.qualifiedName, parameters,
                        returning: Methods.ListRequests.Reply.self)
                }
            }
            for limit in [0, 1001] {
                await expectInvalid {
                    _ = try await client.call(
                        Methods.ListAdapters.qualifiedName, Methods.ListAdapters.Parameters(limit: limit),
                        returning: Methods.ListAdapters.Reply.self)
                }
            }
            await client.close()

            let refused = try await daemon.control("request", "zzz qqq xxyzzy", "--json")
            #expect(refused.status == 2, "\(refused.output)")
            let list = try await daemon.reply(
                Methods.ListRequests.Reply.self, "queue", "list", "--state", "refused")
            let id = try #require(list.requests.first?.requestId)
            let ended = try await daemon.control("queue", "cancel", id)
            #expect(ended.output.contains("already finished"))
            let erased = try await daemon.control("queue", "retry", id)
            #expect(erased.status == 65 && erased.error.contains("erased"), "\(erased.error)")
            let retried = try await daemon.control(
                "queue", "retry", id, "--text", "-", input: "zzz qqq xxyzzy\n")
            #expect(retried.status == 0, "\(retried.error)")
            #expect(try await daemon.finished(id).state == "refused")
        }
    }

    @Test("a crash between publishing and the queue's commit does not publish twice")
    func crash() async throws {
        try await withTemporaryFolder { folder in
            let ids = Collector<String>()
            // Every kill is an attempt for what runs then.
            let configuration = "queue:\n  attempts: 100\n"
            for round in 0..<3 {
                await #expect(throws: CancellationError.self) {
                    try await TestDaemon.run(in: folder, configuration: configuration) { daemon in
                        if round == 0 {
                            try await daemon.importExperts(Places.twoExperts)
                        }
                        for number in 0..<4 {
                            let outcome = try await daemon.control(
                                "request", "definitions of birds", "--no-wait", "--idempotency-key",
                                "\(round)-\(number)")
                            await ids.add(outcome.line)
                        }
                        // An error kills the daemon with SIGKILL.
                        throw CancellationError()
                    }
                }
            }
            let all = await ids.all
            try await TestDaemon.run(in: folder, configuration: configuration) { daemon in
                for id in all { #expect(try await daemon.finished(id).state == "done") }
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                    .adapters
                #expect(adapters.count == 12)
                let requests = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                    .requests
                #expect(Set(requests.compactMap(\.adapterId)) == Set(adapters.map(\.adapterId)))
            }
        }
    }
}

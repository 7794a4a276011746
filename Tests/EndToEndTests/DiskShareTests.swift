import ErrorModel
import Foundation
import Glibc
import Privacy
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// The disk share of each user and the permissions of published adapters, through the real daemon.
@Suite("Disk shares", .timeLimit(.minutes(20)), .needsModel)
struct DiskShareTests {
    private static func run(
        configuration: String, _ body: @escaping @Sendable (TestDaemon, TestSpool) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let spool = TestSpool("\(folder)/spool")
            let end = try await TestDaemon.run(
                in: folder, configuration: configuration, arguments: ["--spool", spool.path]
            ) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                try await body(daemon, spool)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    private static func request(_ text: String, _ more: String..., of daemon: TestDaemon) async throws
        -> Program.Outcome
    {
        try await daemon.control(
            ["request", text, "--strategy", "weighted", "--force", "--seed", "1", "--json"] + more)
    }

    private static func adapter(_ outcome: Program.Outcome) throws -> Wire.Adapter {
        try #require(outcome.status == 0, "\(outcome.error)")
        return try #require(try outcome.decode(Methods.Request.Reply.self).adapter)
    }

    @Test("a full share evicts the user's own adapters, and is an error where none can be evicted")
    func share() async throws {
        // One adapter already exceeds this share.
        try await Self.run(configuration: "cache:\n  minimumAge: 0s\n  maximumBytesPerUser: 1K\n") {
            daemon, spool in
            let stray = try await daemon.control("request", "zzz qqq xxyzzy", "--json")
            #expect(stray.status == 2, "\(stray.output)")
            let requests = try await daemon.reply(
                Methods.ListRequests.Reply.self, "queue", "list", "--state", "refused"
            ).requests
            let refusedID = try #require(requests.first?.requestId)
            let first = try Self.adapter(try await Self.request("birds", of: daemon))
            // The eviction of every minute may come between the adapter and its pin.
            var second = first
            var key = 0
            try await eventually("the second adapter is pinned") {
                key += 1
                second = try Self.adapter(
                    try await Self.request("fish", "--idempotency-key", "\(key)", of: daemon))
                return try await daemon.control("adapter", "pin", second.adapterId).status == 0
            }
            let list = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
            #expect(list.adapters.map(\.adapterId) == [second.adapterId])
            #expect(!FileManager.default.fileExists(atPath: first.path))

            let refused = try await Self.request("owls", of: daemon)
            #expect(refused.status == 75, "\(refused.output)")
            #expect(refused.error.contains("1K you may use"), "\(refused.error)")
            #expect(refused.error.contains("pinned"), "\(refused.error)")
            let retried = try await daemon.control(
                "queue", "retry", refusedID, "--text", "-", input: "zzz qqq xxyzzy\n")
            #expect(retried.status == 75 && retried.error.contains("1K you may use"), "\(retried.error)")
            // An idempotency key that was accepted before is still answered.
            let again = try await Self.request("fish", "--idempotency-key", "\(key)", of: daemon)
            #expect(try Self.adapter(again).adapterId == second.adapterId)

            try spool.drop("owls.json", #"{"text": "owls", "force": true, "strategy": "weighted"}"#)
            // Longer than one pass over the spool.
            try await Task.sleep(for: .seconds(1))
            #expect(!FileManager.default.fileExists(atPath: spool.resultFile("owls.json")))
            #expect(spool.names("new") == ["owls.json"])
            let removed = try await daemon.control("adapter", "remove", second.adapterId)
            #expect(removed.status == 0, "\(removed.error)")
            let answer = try await firstValue("the spool's result") {
                try spool.result(Wire.SpoolResult.self, "owls.json")
            }
            #expect(answer.state == .done, "\(answer)")
        }
    }

    @Test("an adapter below the minimum age is not evicted; the error says how long to wait")
    func young() async throws {
        try await Self.run(configuration: "cache:\n  minimumAge: 1h\n  maximumBytesPerUser: 1K\n") {
            daemon, _ in
            _ = try Self.adapter(try await Self.request("birds", of: daemon))
            let client = try await VarlinkClient.connect(path: daemon.socket)
            let error = await #expect(throws: VarlinkError.self) {
                try await client.call(
                    Methods.Submit.qualifiedName,
                    Methods.Submit.Parameters(intent: Wire.Intent(text: "fish")),
                    returning: Methods.Submit.Reply.self)
            }
            #expect(error?.name == "io.sglorad.Busy", "\(String(describing: error))")
            let wait: Double? =
                switch error?.parameters["retryAfter"] {
                case .int(let seconds): Double(seconds)
                case .double(let seconds): seconds
                default: nil
                }
            #expect((1000...3600).contains(try #require(wait)))
            await client.close()
        }
    }

    @Test("shares are counted per user, and the publishing group may read adapters", .needsOtherUsers)
    func others() async throws {
        let (one, other) = (OtherUser(uid: 4301, gid: 4300), OtherUser(uid: 4302, gid: 4300))
        let configuration = """
            access:
              users: 4300
            publish:
              group: 4310
            cache:
              minimumAge: 1h
              maximumBytesPerUser: 1K
            """
        try await Self.run(configuration: configuration) { daemon, _ in
            let intent = #"{"intent":{"text":"birds","strategy":"weighted","force":true}}"#
            let made = try await one.call(Methods.Request.qualifiedName, intent, at: daemon.socket)
            let adapter = try #require(made.parameters["adapter"] as? [String: Any], "\(made.text)")
            let path = try #require(adapter["path"] as? String)
            let full = try await one.call(Methods.Submit.qualifiedName, intent, at: daemon.socket)
            #expect(full.error == "io.sglorad.Busy", "\(full.text)")
            let free = try await other.call(Methods.Request.qualifiedName, intent, at: daemon.socket)
            #expect(free.error == nil, "\(free.text)")

            let read = """
                import os
                for name in sorted(os.listdir(sys.argv[1])):
                    print(name, len(open(os.path.join(sys.argv[1], name), "rb").read()) > 0)
                """
            let files = "adapter_config.json True\nadapter_model.safetensors True\n"
            let reader = OtherUser(uid: 4303, gid: 4303, groups: [4310])
            for user in [one, reader] {
                let seen = try await user.run(read, [path])
                #expect(seen.status == 0 && seen.output == files, "\(user.uid): \(seen.output)\(seen.error)")
            }
            for user in [other, OtherUser(uid: 4304, gid: 4300)] {
                let seen = try await user.run(read, [path])
                #expect(seen.status != 0 && seen.error.contains("Permission denied"), "\(seen.output)")
            }
            let write = #"open(os.path.join(sys.argv[1], "adapter_config.json"), "ab")"#
            for user in [one, reader] {
                let refused = try await user.run("import os\n" + write, [path])
                #expect(refused.status != 0 && refused.error.contains("Permission denied"), "\(user.uid)")
            }
        }
    }
}

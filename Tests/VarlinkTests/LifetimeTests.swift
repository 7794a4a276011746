import Glibc
import TestSupport
import Testing
import Varlink

@Suite(.timeLimit(.minutes(20))) struct LifetimeTests {
    @Test func `a handler is cancelled when its client disconnects`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Wait"}"#)
            #expect(await test.log.waits(for: "waiting"))
            raw.hangUp()
            #expect(await test.log.waits(for: "cancelled"))
            #expect(await test.log.waits(for: "closed"))
            #expect(test.log.all == ["waiting", "cancelled", "closed"])
        }
    }

    @Test func `a handler is cancelled even if unread calls follow`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Wait"}"#)
            for _ in 0..<20 {
                await raw.send(#"{"method":"org.example.test.Ping","parameters":{"text":"never"}}"#)
            }
            #expect(await test.log.waits(for: "waiting"))
            raw.hangUp()
            #expect(await test.log.waits(for: "closed"))
            #expect(test.log.all == ["waiting", "cancelled", "closed"])
        }
    }

    @Test func `a oneway call runs after its caller has disconnected`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Slow","oneway":true}"#)
            await raw.send(#"{"method":"org.example.test.Ping","parameters":{"text":"too"},"oneway":true}"#)
            raw.hangUp()
            #expect(await test.log.waits(for: "ping too"))
        }
    }

    @Test func `a client that has finished sending still gets its replies`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Slow"}"#)
            raw.finishSending()
            #expect(await raw.receive() == #"{"parameters":{"text":"done"}}"#)
            #expect(await raw.isClosedByPeer())
        }
    }

    @Test func `a slow reader slows its handler down`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Flood","more":true}"#)
            #expect(await test.log.waits(for: "sent"))
            try await Task.sleep(for: .milliseconds(300))
            let before = test.log.count("sent")
            // The kernel's socket buffers (about 200 KiB each way) and one waiting reply; never all 100 MB.
            #expect(before < 20)
            for _ in 0..<30 { #expect(await raw.receive()?.utf8.count ?? 0 > 100_000) }
            #expect(await eventually { test.log.count("sent") > before })
            raw.hangUp()
            #expect(await test.log.waits(for: "closed"))
        }
    }

    @Test func `dropping a stream cancels its handler`() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            for try await _ in client.stream("org.example.test.Flood", Empty(), returning: Text.self) {
                break
            }
            #expect(await test.log.waits(for: "closed"))
            #expect(test.log.count("sent") < 1_000)
        }
    }

    @Test func `cancelling a call cancels its handler`() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            let call = Task { try await client.call("org.example.test.Wait", returning: Empty.self) }
            #expect(await test.log.waits(for: "waiting"))
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            #expect(await test.log.waits(for: "cancelled"))
        }
    }

    @Test func `shutdown drains a call in flight`() async throws {
        try await TestServer.run(limits: ServerLimits(drain: .seconds(600))) { test in
            let idle = try test.raw()
            await idle.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await idle.receive() == "{}")
            let client = try await test.client()
            let call = Task { try await client.call("org.example.test.Slow", returning: Text.self) }
            #expect(await test.log.waits(for: "slow"))
            test.server.shutdown()
            #expect(try await call.value.text == "done")
            #expect(await idle.isClosedByPeer())
            #expect(access(test.path, F_OK) != 0)
        }
    }

    @Test func `shutdown cancels calls that do not drain in time`() async throws {
        try await TestServer.run(limits: ServerLimits(drain: .milliseconds(50))) { test in
            let client = try await test.client()
            let call = Task { try await client.call("org.example.test.Wait", returning: Text.self) }
            #expect(await test.log.waits(for: "waiting"))
            test.server.shutdown()
            await #expect(throws: ConnectionFailure(path: test.path, reason: .closed)) {
                _ = try await call.value
            }
        }
    }

    @Test func `cancelling run() shuts the server down`() async throws {
        try await withTemporaryFolder { folder in
            let test = TestServer(path: "\(folder)/s")
            let (client, running) = try await test.start()
            defer { withExtendedLifetime(client) {} }
            running.cancel()
            try await running.value
            #expect(access(test.path, F_OK) != 0)
        }
    }
}

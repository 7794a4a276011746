import ControlProtocol
import Glibc
import Testing

@Suite(.timeLimit(.minutes(20))) struct LifetimeTests {
    @Test func cancelsTheHandlerOfAClientThatVanishes() async throws {
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

    @Test func cancelsTheHandlerEvenBehindUnreadCalls() async throws {
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

    @Test func runsAOnewayCallWhoseCallerIsGone() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Slow","oneway":true}"#)
            await raw.send(#"{"method":"org.example.test.Ping","parameters":{"text":"too"},"oneway":true}"#)
            raw.hangUp()
            #expect(await test.log.waits(for: "ping too"))
        }
    }

    @Test func answersAClientThatHasFinishedSending() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Slow"}"#)
            raw.finishSending()
            #expect(await raw.receive() == #"{"parameters":{"text":"done"}}"#)
            #expect(await raw.isClosedByPeer())
        }
    }

    @Test func slowsDownForASlowReader() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Flood","more":true}"#)
            #expect(await test.log.waits(for: "sent"))
            try await Task.sleep(for: .milliseconds(300))
            let before = test.log.count("sent")
            // What the kernel's socket buffers take (about 200 KiB each way) and one reply that waits; never the 100 MB.
            #expect(before < 20)
            for _ in 0..<30 { #expect(await raw.receive()?.utf8.count ?? 0 > 100_000) }
            #expect(await eventually { test.log.count("sent") > before })
            raw.hangUp()
            #expect(await test.log.waits(for: "closed"))
        }
    }

    @Test func leavingAStreamEndsItsHandler() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            for try await _ in client.stream("org.example.test.Flood", Empty(), returning: Text.self) {
                break
            }
            #expect(await test.log.waits(for: "closed"))
            #expect(test.log.count("sent") < 1_000)
        }
    }

    @Test func cancellingACallEndsItsHandler() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            let call = Task { try await client.call("org.example.test.Wait", returning: Empty.self) }
            #expect(await test.log.waits(for: "waiting"))
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            #expect(await test.log.waits(for: "cancelled"))
        }
    }

    @Test func shutdownLetsACallInFlightEnd() async throws {
        try await TestServer.run { test in
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

    @Test func shutdownCutsWhatDoesNotEnd() async throws {
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

    @Test func cancellationIsAShutdown() async throws {
        try await withTemporaryFolder { folder in
            let test = TestServer(path: "\(folder)/s")
            try await test.server.bind()
            let running = Task { try await test.server.run() }
            let client = try await test.client()
            _ = try await client.call("org.example.test.Nothing", returning: Empty.self)
            running.cancel()
            try await running.value
            #expect(access(test.path, F_OK) != 0)
        }
    }
}

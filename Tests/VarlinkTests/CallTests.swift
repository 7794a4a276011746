import ErrorModel
import Glibc
import TestSupport
import Testing
import Varlink

@Suite(.timeLimit(.minutes(20))) struct CallTests {
    @Test func `a call gets its reply`() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            #expect(
                try await client.call("org.example.test.Ping", Text(text: "a\u{0}ü"), returning: Text.self)
                    .text == "a\u{0}ü")
            #expect(
                try await client.call("org.example.test.Who", returning: Number.self).number == Int(getuid()))
            await client.close()
        }
    }

    @Test func `the service describes itself and its interfaces`() async throws {
        struct Information: Decodable, Sendable {
            let vendor: String
            let interfaces: [String]
        }
        struct Description: Decodable, Sendable { let description: String }
        try await TestServer.run { test in
            let client = try await test.client()
            let information = try await client.call(
                "org.varlink.service.GetInfo", returning: Information.self)
            #expect(information.vendor == "V")
            #expect(information.interfaces == ["org.example.test", "org.varlink.service"])
            for name in information.interfaces {
                let text = try await client.call(
                    "org.varlink.service.GetInterfaceDescription", ["interface": name],
                    returning: Description.self)
                #expect(text.description.contains("interface \(name)\n"))
            }
            await #expect(throws: VarlinkError.interfaceNotFound("org.example.absent")) {
                _ = try await client.call(
                    "org.varlink.service.GetInterfaceDescription", ["interface": "org.example.absent"],
                    returning: Description.self)
            }
        }
    }

    @Test func `empty parameters and false flags are left out`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            for call in [
                #"{"method":"org.example.test.Empty"}"#,
                #"{"method":"org.example.test.Empty","parameters":null}"#,
                #"{"method":"org.example.test.Empty","parameters":{},"more":false,"unknown":[1]}"#,
                #"{"method":"org.example.test.Nothing"}"#,
            ] {
                await raw.send(call)
                #expect(await raw.receive() == "{}")
            }
            await raw.send(#"{"method":"org.example.test.Count","parameters":{"number":2},"more":true}"#)
            #expect(await raw.receive() == #"{"parameters":{"number":1},"continues":true}"#)
            #expect(await raw.receive() == #"{"parameters":{"number":2}}"#)
        }
    }

    @Test func `InvalidParameter names the parameter`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            for (parameters, field) in [
                ("{}", "inner"), (#"{"inner":{}}"#, "inner.size"), (#"{"inner":{"size":"1"}}"#, "inner.size"),
                (#"{"inner":3}"#, "inner"), (#"{"inner":{"size":1},"list":[{"size":1},{}]}"#, "list[1].size"),
            ] {
                await raw.send(#"{"method":"org.example.test.Nested","parameters":\#(parameters)}"#)
                #expect(
                    await raw.receive()
                        == #"{"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"\#(field)"}}"#
                )
            }
        }
    }

    @Test func `errors of a handler become varlink errors`() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            func error(_ method: String) async -> VarlinkError? {
                await #expect(throws: VarlinkError.self) {
                    _ = try await client.call(method, returning: Empty.self)
                }
            }
            let busy = await error("org.example.test.Fail")
            #expect(
                busy
                    == VarlinkError(
                        "org.example.test.Busy",
                        parameters: [
                            "retryAfter": .int(3), "reason": .string("load"), "message": .string("Too much."),
                        ]))
            #expect(await error("org.example.test.Break")?.name == "org.example.test.InternalFailure")
            #expect(await error("org.example.test.Silent")?.name == "org.example.test.InternalFailure")
            #expect(await error("org.example.test.Absent") == .methodNotFound("org.example.test.Absent"))
            #expect(await error("org.example.absent.Ping") == .interfaceNotFound("org.example.absent"))
            #expect(await error("nonsense") == .interfaceNotFound("nonsense"))
            #expect(await error("org.example.test.Ping") == .invalidParameter("text"))
            #expect(test.server.counters.failedCalls == 7)
        }
    }

    @Test func `only one last reply is sent`() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            #expect(try await client.call("org.example.test.Twice", returning: Text.self).text == "one")
            #expect(
                try await client.call("org.example.test.Ping", Text(text: "x"), returning: Text.self).text
                    == "x")
        }
    }

    @Test func `a reply over the length limit is an internal failure`() async throws {
        try await TestServer.run(limits: ServerLimits(messageLength: 50_000)) { test in
            let client = try await test.client()
            let error = await #expect(throws: VarlinkError.self) {
                for try await _ in client.stream("org.example.test.Flood", Empty(), returning: Text.self) {}
            }
            #expect(error?.name == "org.example.test.InternalFailure")
            #expect(error?.message?.contains("50000") == true)
        }
    }

    @Test func `a call after the server has shut down fails`() async throws {
        try await withTemporaryFolder { folder in
            let test = TestServer(path: "\(folder)/s")
            let (client, running) = try await test.start()
            test.server.shutdown()
            try await running.value
            await #expect(throws: ConnectionFailure(path: test.path, reason: .closed)) {
                _ = try await client.call("org.example.test.Nothing", returning: Empty.self)
            }
        }
    }

    @Test func `upgrade is not implemented`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Ping","parameters":{"text":"x"},"upgrade":true}"#)
            #expect(await raw.receive()?.contains("org.varlink.service.MethodNotImplemented") == true)
            await raw.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await raw.receive() == "{}")
        }
    }

    @Test func `a method streams only with more`() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            var numbers: [Int] = []
            for try await reply in client.stream(
                "org.example.test.Count", Number(number: 100), returning: Number.self)
            {
                numbers.append(reply.number)
            }
            #expect(numbers == Array(1...100))
            await #expect(throws: VarlinkError.expectedMore) {
                _ = try await client.call("org.example.test.Count", Number(number: 3), returning: Number.self)
            }
            await #expect(throws: VarlinkError.methodNotFound("org.example.test.X")) {
                for try await _ in client.stream("org.example.test.X", Empty(), returning: Empty.self) {}
            }
            #expect(
                try await client.call("org.example.test.Ping", Text(text: "x"), returning: Text.self).text
                    == "x")
        }
    }

    @Test func `a oneway call gets no reply`() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            try await client.callOneway("org.example.test.Ping", Text(text: "quiet"))
            try await client.callOneway("org.example.test.Fail", Empty())
            #expect(
                try await client.call("org.example.test.Ping", Text(text: "loud"), returning: Text.self).text
                    == "loud")
            #expect(test.log.all == ["ping quiet", "ping loud"])
        }
    }

    @Test func `pipelined calls are answered in order`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            var bytes: [UInt8] = []
            for number in 0..<500 {
                bytes +=
                    Array(#"{"method":"org.example.test.Ping","parameters":{"text":"\#(number)"}}"#.utf8) + [
                        0
                    ]
            }
            await raw.send(bytes: bytes)
            raw.finishSending()
            for number in 0..<500 { #expect(await raw.receive() == #"{"parameters":{"text":"\#(number)"}}"#) }
            #expect(await raw.isClosedByPeer())
            #expect(test.log.all.prefix(500) == (0..<500).map { "ping \($0)" }[...])
        }
    }

    @Test func `many tasks can share a client`() async throws {
        try await TestServer.run { test in
            let client = try await test.client()
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let reply = try? await client.call(
                            "org.example.test.Ping", Text(text: "\(number)"), returning: Text.self)
                        return reply?.text == "\(number)"
                    }
                }
                for await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `200 connections are served`() async throws {
        try await TestServer.run { test in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let client = try await test.client()
                        let reply = try await client.call(
                            "org.example.test.Ping", Text(text: "\(number)"), returning: Text.self)
                        let isRight = reply.text == "\(number)"
                        await client.close()
                        return isRight
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            #expect(await test.log.waits(for: "closed", times: 200))
            #expect(await eventually { test.server.counters.openConnections == 0 })
        }
    }
}

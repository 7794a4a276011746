import Testing
import Varlink

@Suite(.timeLimit(.minutes(20))) struct HostileInputTests {
    @Test(arguments: [
        "", " ", "{", "null", "[]", "3", #"{"method":1}"#, #"{"method":""}"#, #"{"parameters":{}}"#,
        #"{"method":"org.example.test.Nothing"} x"#, #"{"method":"org.example.test.Nothing",}"#,
        #"{"method":"org.example.test.Nothing","method":"org.example.test.Nothing"}"#,
        #"{"method":"org.example.test.Nothing","parameters":[]}"#,
        #"{"method":"org.example.test.Nothing","more":1}"#,
        #"{"method":"org.example.test.Nothing","more":true,"oneway":true}"#,
        #"{"method":"org.example.test.Nothing","parameters":{"a":01}}"#,
        #"{"method":"org.example.test.Nothing","parameters":{"a":"\x"}}"#,
        #"{"method":"org.example.test.Nothing","parameters":{"a":NaN}}"#,
        "{\"method\":\"org.example.test.Nothing\",\"parameters\":{\"a\":\"\n\"}}",
    ])
    func `a message that is not a call closes the connection`(_ text: String) async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(text)
            #expect(await raw.isClosedByPeer())
            #expect(test.server.counters.malformedMessages == 1)
            #expect(test.server.counters.calls == 0)
        }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3],
            [0xE2, 0x82],
            [0x80],
        ] as [[UInt8]])
    func `invalid UTF-8 closes the connection`(_ bytes: [UInt8]) async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(
                bytes: Array(#"{"method":"org.example.test.Ping","parameters":{"text":""#.utf8) + bytes
                    + Array("\"}}\0".utf8))
            #expect(await raw.isClosedByPeer())
            #expect(test.server.counters.malformedMessages == 1)
        }
    }

    @Test func `everything after a message too short for a call is discarded`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            // Calls before it are answered; none of the quarter of a million messages after it is.
            await raw.send(#"{"method":"org.example.test.Nothing"}"#)
            await raw.send(bytes: [UInt8](repeating: 0, count: 250_000))
            await raw.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await raw.receive() == "{}")
            #expect(await raw.isClosedByPeer())
            #expect(test.server.counters.malformedMessages == 1)
            #expect(test.server.counters.calls == 1)
        }
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
    func `deep nesting closes the connection`(_ brackets: (open: String, close: String)) async throws {
        try await TestServer.run { test in
            func call(_ depth: Int) -> String {
                let value =
                    String(repeating: brackets.open, count: depth) + "1"
                    + String(repeating: brackets.close, count: depth)
                return #"{"method":"org.example.test.Empty","parameters":{"a":\#(value)}}"#
            }
            let raw = try test.raw()
            await raw.send(call(62))
            #expect(await raw.receive() == "{}")
            await raw.send(call(63))
            #expect(await raw.isClosedByPeer())
            let deep = try test.raw()
            await deep.send(call(100_000))
            #expect(await deep.isClosedByPeer())
            let open = try test.raw()
            await open.send(String(repeating: brackets.open, count: 100_000))
            #expect(await open.isClosedByPeer())
            #expect(test.server.counters.malformedMessages == 3)
        }
    }

    @Test func `a message over the length limit closes the connection`() async throws {
        try await TestServer.run(limits: ServerLimits(messageLength: 100_000)) { test in
            func call(_ length: Int) -> [UInt8] {
                let head = #"{"method":"org.example.test.Ping","parameters":{"text":""#
                let text = String(repeating: "x", count: length - head.utf8.count - 3)
                return Array((head + text + "\"}}").utf8)
            }
            let raw = try test.raw()
            await raw.send(bytes: call(100_000) + [0])
            #expect(await raw.receive()?.count ?? 0 > 99_900)
            await raw.send(bytes: call(100_001) + [0])
            #expect(await raw.isClosedByPeer())
            let endless = try test.raw()
            await endless.send(bytes: [UInt8](repeating: 0x20, count: 1_000_000))
            #expect(await endless.isClosedByPeer())
            #expect(test.server.counters.oversizedMessages == 2)
        }
    }

    @Test func `a message left half sent closes the connection`() async throws {
        try await TestServer.run(limits: ServerLimits(halfMessage: .milliseconds(150))) { test in
            let idle = try test.raw()
            let half = try test.raw()
            await half.send(bytes: Array(#"{"method":"#.utf8))
            #expect(await half.isClosedByPeer())
            #expect(test.server.counters.idleMessages == 1)
            await idle.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await idle.receive() == "{}")
        }
    }

    @Test func `a half sent message may wait behind a slow call`() async throws {
        try await TestServer.run(limits: ServerLimits(halfMessage: .milliseconds(50))) { test in
            let raw = try test.raw()
            let nothing = "{\"method\":\"org.example.test.Nothing\"}\0"
            await raw.send(
                bytes: Array("{\"method\":\"org.example.test.Slow\"}\0\(nothing)\(nothing){\"method\":".utf8))
            #expect(await raw.receive() == #"{"parameters":{"text":"done"}}"#)
            #expect(await raw.receive() == "{}")
            #expect(await raw.receive() == "{}")
            #expect(await raw.isClosedByPeer())
            #expect(test.server.counters.idleMessages == 1)
        }
    }

    @Test func `a message may arrive byte by byte`() async throws {
        try await TestServer.run(limits: ServerLimits(halfMessage: .seconds(3_600))) { test in
            let raw = try test.raw()
            for byte in Array("{\"method\":\"org.example.test.Nothing\"}\0".utf8) {
                await raw.send(bytes: [byte])
                await Task.yield()
            }
            #expect(await raw.receive() == "{}")
        }
    }

    @Test func `the connections of one user are limited`() async throws {
        try await TestServer.run(limits: ServerLimits(connections: 8, connectionsPerUser: 3)) { test in
            let kept = try await test.answered(3)
            #expect(await (try test.raw()).isClosedByPeer())
            #expect(test.server.counters.refusedConnections == 1)
            kept[0].hangUp()
            #expect(await eventually { test.server.counters.openConnections == 2 })
            let again = try test.raw()
            await again.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await again.receive() == "{}")
        }
    }

    @Test(arguments: [
        "1e999999", "-1e999999", "123456789012345678901234567890", "1.5", "-0.0000001e-9999",
        "9223372036854775808",
        String(repeating: "9", count: 100_000), "0.\(String(repeating: "1", count: 100_000))",
    ])
    func `a number that is not a 64-bit integer gets an error or a reply`(_ number: String) async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(
                #"{"method":"org.example.test.Nested","parameters":{"inner":{"size":\#(number)}}}"#)
            let reply = try #require(await raw.receive())
            #expect(reply.contains("InvalidParameter") || number.hasPrefix("-0.0"), "\(reply.prefix(200))")
            // One that no method reads does no harm.
            await raw.send(#"{"method":"org.example.test.Empty","parameters":{"a":\#(number)}}"#)
            #expect(await raw.receive() == "{}")
            await raw.send(#"{"method":"org.example.test.Nothing","more":\#(number)}"#)
            #expect(await raw.isClosedByPeer())
        }
    }

    @Test func `a message without its NUL is ignored`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(bytes: Array(#"{"method":"org.example.test.Nothing"}"#.utf8))
            raw.finishSending()
            #expect(await raw.isClosedByPeer())
            #expect(test.server.counters.calls == 0)
        }
    }

    @Test func `pipelined calls are read ahead only within limits`() async throws {
        try await TestServer.run { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Wait"}"#)
            #expect(await test.log.waits(for: "waiting"))
            let call =
                Array(
                    #"{"method":"org.example.test.Ping","parameters":{"text":"\#(String(repeating: "x", count: 50_000))"}}"#
                        .utf8) + [0]
            var taken = 0
            for _ in 0..<200 {
                let sent = await raw.send(bytes: call, patience: 50)
                taken += sent
                if sent < call.count { break }
            }
            #expect(taken < 2_000_000)
            #expect(test.server.counters.calls == 1)
        }
    }
}

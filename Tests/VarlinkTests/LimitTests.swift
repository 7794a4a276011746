import Glibc
import TestSupport
import Testing

@testable import Varlink

/// The limits on what peers may use of the server.
@Suite(.timeLimit(.minutes(20))) struct LimitTests {
    @Test func `the calls in flight of one user are limited`() async throws {
        try await TestServer.run(limits: ServerLimits(calls: 8, callsPerUser: 2)) { test in
            let waiting = try (0..<2).map { _ in try test.raw() }
            for raw in waiting { await raw.send(#"{"method":"org.example.test.Wait"}"#) }
            #expect(await test.log.waits(for: "waiting", times: 2))
            #expect(test.server.counters.callsInFlight == 2)
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Nothing"}"#)
            let refusal = try #require(await raw.receive())
            #expect(refusal.contains(#""error":"org.example.test.Busy""#), "\(refusal)")
            #expect(refusal.contains(#""retryAfter":1"#), "\(refusal)")
            #expect(test.server.counters.refusedCalls == 1)
            // The connection stays open, and org.varlink.service always replies.
            await raw.send(#"{"method":"org.varlink.service.GetInfo"}"#)
            #expect(await raw.receive()?.contains("org.example.test") == true)
            waiting[0].hangUp()
            #expect(await eventually { test.server.counters.callsInFlight == 1 })
            await raw.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await raw.receive() == "{}")
        }
    }

    @Test func `the calls in flight of all users are limited`() async throws {
        try await TestServer.run(limits: ServerLimits(calls: 1, callsPerUser: 2)) { test in
            let waiting = try test.raw()
            await waiting.send(#"{"method":"org.example.test.Wait"}"#)
            #expect(await test.log.waits(for: "waiting"))
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await raw.receive()?.contains("Busy") == true)
        }
    }

    @Test func `the connections of all users are limited`() async throws {
        try await TestServer.run(limits: ServerLimits(connections: 2)) { test in
            let kept = try await test.answered(2)
            defer { withExtendedLifetime(kept) {} }
            #expect(await (try test.raw()).isClosedByPeer())
            #expect(test.server.counters.refusedConnections == 1)
        }
    }

    @Test func `administrators may exceed the total of calls`() {
        let limits = ServerLimits(calls: 2, callsPerUser: 2, reservedForAdministrators: 1)
        let registry = ConnectionRegistry(limits: limits)
        func begin(_ account: UInt32) -> Bool { registry.begin(account, isAdministrator: account == 0) }
        #expect(begin(1) && begin(2))
        #expect(!begin(3))
        #expect(begin(0) && !begin(0))
        registry.end(1)
        #expect(!begin(3), "an administrator's own counts as well")
        #expect(begin(0) && !begin(0), "and has the limit of one user")
    }

    @Test func `calls of a few users leave some to others`() {
        let registry = ConnectionRegistry(limits: ServerLimits(calls: 100, callsPerUser: 50))
        for account in UInt32(1)...5 {
            while registry.begin(account, isAdministrator: false) {}
        }
        #expect(registry.counters.callsInFlight < 100)
        #expect(registry.begin(9, isAdministrator: false))
    }

    @Test func `the memory of a few users leaves some to others`() {
        let memory = MessageMemory(
            limits: ServerLimits(messageLength: 1_000, messageMemory: 160_000, messageMemoryPerUser: 80_000))
        var kept: [MessageMemory.Reservation] = []
        for account in UInt32(1)...4 {
            while true {
                let reservation = memory.reservation(for: account)
                guard reservation.grow(to: 1_000) else { break }
                kept.append(reservation)
            }
        }
        #expect(memory.taken < 160_000 && kept.count > 100)
        let late = memory.reservation(for: 9)
        #expect(late.grow(to: 3_000))
        late.shrink(to: 1_000)
        #expect(memory.taken == 1_000 * kept.count + 1_000)
    }

    @Test(.enabled(if: geteuid() == 0, "needs to be root"))
    func `connections are reserved for root`() async throws {
        try await TestServer.run(limits: ServerLimits(connections: 1, reservedForAdministrators: 1)) { test in
            let kept = try await test.answered(2)
            defer { withExtendedLifetime(kept) {} }
            #expect(await (try test.raw()).isClosedByPeer())
        }
    }

    @Test func `the memory of messages is limited`() async throws {
        let limits = ServerLimits(messageLength: 300_000, messageMemoryPerUser: 1 << 20)
        try await TestServer.run(limits: limits) { test in
            func half() -> [UInt8] {
                Array(
                    #"{"method":"org.example.test.Ping","parameters":{"text":""#.utf8
                        + [UInt8](repeating: UInt8(ascii: "x"), count: 290_000))
            }
            // Each reserves up to twice its length, so that at least one fits and four do not.
            let halves = try (0..<4).map { _ in try test.raw() }
            for raw in halves { await raw.send(bytes: half()) }
            #expect(await eventually { test.server.counters.crowdedMessages > 0 })
            // Small messages are not counted.
            let small = try test.raw()
            await small.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await small.receive() == "{}")
            for raw in halves { raw.hangUp() }
            #expect(await eventually { test.server.counters.openConnections == 1 })
            let cut = test.server.counters.crowdedMessages
            #expect(cut < 4)
            let whole = try test.raw()
            await whole.send(bytes: half() + Array("\"}}\0".utf8))
            #expect(await whole.receive()?.utf8.count ?? 0 > 290_000)
            #expect(test.server.counters.crowdedMessages == cut)
        }
    }

    @Test func `the memory of each message is released`() async throws {
        let limits = ServerLimits(messageLength: 300_000, messageMemory: 1 << 20)
        try await TestServer.run(limits: limits) { test in
            let client = try await test.client()
            let text = Text(text: String(repeating: "x", count: 250_000))
            for _ in 0..<6 {
                let reply = try await client.call("org.example.test.Ping", text, returning: Text.self)
                #expect(reply == text)
            }
            #expect(test.server.counters.crowdedMessages == 0)
        }
    }

    @Test func `the memory of unread replies is limited`() async throws {
        let limits = ServerLimits(messageLength: 150_000, messageMemoryPerUser: 300_000)
        try await TestServer.run(limits: limits) { test in
            // What the kernel does not accept of a 100 KB reply waits here, for each connection; two fit.
            let readers = try (0..<4).map { _ in try test.raw() }
            for raw in readers { await raw.send(#"{"method":"org.example.test.Flood","more":true}"#) }
            #expect(await eventually { test.server.counters.crowdedReplies >= 2 })
            #expect(await eventually { test.server.counters.callsInFlight == 2 })
            var refused = 0
            for raw in readers {
                for _ in 0..<5 {
                    guard let reply = await raw.receive(), reply.contains("Busy") else { continue }
                    refused += 1
                    break
                }
            }
            #expect(refused >= 2)
        }
    }

    @Test func `a peer that does not read is disconnected`() async throws {
        try await TestServer.run(limits: ServerLimits(unreadReply: .milliseconds(200))) { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Flood","more":true}"#)
            #expect(await test.log.waits(for: "closed"))
            #expect(test.log.count("sent") < 20)
            #expect(test.server.counters.unreadReplies == 1)
            #expect(await eventually { test.server.counters.openConnections == 0 })
        }
    }

    @Test func `a peer that reads slowly stays connected`() async throws {
        try await TestServer.run(limits: ServerLimits(unreadReply: .seconds(2))) { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Flood","more":true}"#)
            // On a thread of its own: a task that waits two seconds for its turn reads nothing, and is rightly disconnected.
            let (pieces, unread) = try await onOwnThread {
                // Three seconds in all, longer than the server waits for a peer that reads nothing.
                let pieces = (0..<30).map { _ in
                    usleep(100_000)
                    return raw.receiveBlocking(atMost: 100_000)
                }
                defer { raw.hangUp() }
                return (pieces, test.server.counters.unreadReplies)
            }
            #expect(pieces.allSatisfy { $0 > 0 }, "\(pieces)")
            #expect(unread == 0)
        }
    }

    @Test func `an idle peer stays connected`() async throws {
        let limits = ServerLimits(halfMessage: .milliseconds(50), unreadReply: .milliseconds(50))
        try await TestServer.run(limits: limits) { test in
            let raw = try test.raw()
            for _ in 0..<3 {
                await raw.send(#"{"method":"org.example.test.Nothing"}"#)
                #expect(await raw.receive() == "{}")
                try await Task.sleep(for: .milliseconds(150))
            }
        }
    }

    @Test func `a message of very many values is refused with an error`() async throws {
        try await TestServer.run(limits: ServerLimits(messageElements: 50_000)) { test in
            let raw = try test.raw()
            func call(_ zeros: Int) -> String {
                let list = [String](repeating: "0", count: zeros).joined(separator: ",")
                return #"{"method":"org.example.test.Nothing","parameters":{"list":[\#(list)]}}"#
            }
            await raw.send(call(40_000))
            #expect(await raw.receive() == "{}")
            await raw.send(call(60_000))
            let refusal = try #require(await raw.receive())
            #expect(refusal.contains("org.example.test.InvalidRequest"), "\(refusal)")
            #expect(refusal.contains("at most 50000"), "\(refusal)")
            await raw.send(call(1))
            #expect(await raw.receive() == "{}")
        }
    }

    @Test func `pipelined messages count for more than their bytes`() async throws {
        let limits = ServerLimits(messageMemoryPerUser: 100_000)
        try await TestServer.run(limits: limits) { test in
            let raw = try test.raw()
            await raw.send(#"{"method":"org.example.test.Wait"}"#)
            #expect(await test.log.waits(for: "waiting"))
            let small = Array(#"{"method":"m"}"#.utf8) + [0]
            await raw.send(bytes: Array(repeatElement(small, count: 20_000).joined()), patience: 50)
            #expect(await eventually { test.server.counters.crowdedMessages == 1 })
        }
    }

    @Test func `limits can be changed at run time`() async throws {
        try await TestServer.run(limits: ServerLimits(connectionsPerUser: 1)) { test in
            let first = try test.raw()
            await first.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await first.receive() == "{}")
            #expect(await (try test.raw()).isClosedByPeer())
            test.server.update(ServerLimits(messageLength: 1_000, connectionsPerUser: 2))
            let second = try test.raw()
            await second.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await second.receive() == "{}")
            await second.send(bytes: [UInt8](repeating: 0x20, count: 2_000))
            #expect(await second.isClosedByPeer())
            #expect(test.server.counters.oversizedMessages == 1)
        }
    }
}

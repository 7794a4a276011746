import Glibc
import NIOCore
import NIOEmbedded
import Testing

@testable import Varlink

/// Whose connection is closed when all places are taken.
@Suite("A crowded server", .timeLimit(.minutes(20)))
struct CrowdedTests {
    private let registry = ConnectionRegistry(
        limits: ServerLimits(connections: 6, connectionsPerUser: 4, reservedForAdministrators: 1))

    private func connection(_ account: UInt32) throws -> Connection {
        let channel = EmbeddedChannel()
        let framed = try FramedChannel(on: channel, limits: FrameLimits(length: 1_000)) { _ in }
        return Connection(
            peer: Peer(uid: account, gid: account, pid: 1), account: account, framed: framed)
    }

    private func admit(_ connection: Connection, administrator: Bool = false) -> ConnectionRegistry.Admission
    {
        registry.admit(connection, isAdministrator: administrator)
    }

    private func open(_ account: UInt32, _ count: Int) throws -> [Connection] {
        try (0..<count).map { _ in
            let connection = try connection(account)
            guard case .admitted(dismissing: nil) = admit(connection) else {
                Issue.record("a connection of \(account) was not admitted, or another was closed for it")
                return connection
            }
            return connection
        }
    }

    @Test func `the longest idle connection of the user with the most is closed`() throws {
        let heavy = try open(1, 4)
        _ = try open(2, 2)
        guard case .admitted(let dismissed?) = admit(try connection(3)) else {
            Issue.record("nobody made room")
            return
        }
        #expect(dismissed === heavy[0])
        #expect(registry.counters.openConnections == 6 && registry.counters.dismissedConnections == 1)
    }

    @Test func `users with equally many do not drive each other out`() throws {
        _ = try open(1, 2)
        _ = try open(2, 2)
        _ = try open(3, 2)
        guard case .refused = admit(try connection(1)) else {
            Issue.record("the user has as many as the others")
            return
        }
        // Here nobody has two more than the newcomer would have.
        guard case .admitted(.some) = admit(try connection(4)) else {
            Issue.record("the newcomer has none")
            return
        }
        guard case .refused = admit(try connection(4)) else {
            Issue.record("the newcomer would have the most")
            return
        }
    }

    @Test func `administrators have a reserve, and then room is made as for anybody`() throws {
        _ = try open(1, 4)
        _ = try open(2, 2)
        guard case .admitted(dismissing: nil) = admit(try connection(7), administrator: true) else {
            Issue.record("the reserve was free")
            return
        }
        #expect(registry.counters.openConnections == 7)
        guard case .admitted(.some) = admit(try connection(8), administrator: true) else {
            Issue.record("nobody made room for an administrator")
            return
        }
        #expect(registry.counters.openConnections == 7)
    }

    @Test func `an idle peer that has to go is told why, and a call in flight is answered`() async throws {
        // One process has one user, so that each connection gets an account of its own by its number.
        let accounts = AccountByTurn([1, 1, 1, 2, 3])
        // On a busy machine the half message may wait for longer than the server otherwise would.
        try await TestServer.run(
            limits: ServerLimits(connections: 3, halfMessage: .seconds(900)),
            peers: PeerRules(account: { _ in accounts.next() })
        ) { test in
            let idle = try await test.answered(1)[0]
            let waiting = try await test.answered(1)[0]
            await waiting.send(#"{"method":"org.example.test.Wait"}"#)
            #expect(await test.log.waits(for: "waiting"))
            let half = try await test.answered(1)[0]
            await half.send(bytes: Array(#"{"method":"#.utf8))
            try await Task.sleep(for: .milliseconds(100))
            let second = try await test.answered(1)[0]
            let farewell = try #require(await idle.receive())
            #expect(farewell.contains(#""error":"org.example.test.Busy""#), "\(farewell)")
            #expect(await idle.isClosedByPeer())
            let third = try await test.answered(1)[0]
            #expect(await half.receive()?.contains("Busy") == true)
            #expect(test.log.count("cancelled") == 0, "the connection with a call in flight goes last")
            withExtendedLifetime((second, third)) {}
        }
    }
}

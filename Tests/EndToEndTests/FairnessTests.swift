import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// What users can do to each other's calls: a victim is served within a second beside each attack.
@Suite("Fairness on the socket", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers, .serialized)
struct FairnessTests {
    /// The calls of a victim who owns an adapter.
    private static func calls(_ adapter: String) -> [(method: String, parameters: String, more: Bool)] {
        [
            (Methods.Explain.qualifiedName, #"{"text":"definitions of birds"}"#, false),
            (Methods.Encode.qualifiedName, #"{"texts":["a bird"]}"#, false),
            (Methods.ReadAdapter.qualifiedName, #"{"adapterId":"\#(adapter)"}"#, true),
            (Methods.ListRequests.qualifiedName, "{}", false),
            (Methods.Status.qualifiedName, "{}", false),
        ]
    }

    private static func report(_ what: String, _ times: [Double]) {
        let text = times.map { String(format: "%.3f", $0) }.joined(separator: " ")
        print("\(what): worst \(String(format: "%.3f", times.max() ?? 0)) s of \(text)")
        #expect(times.allSatisfy { $0 < Attack.patience }, "\(what): \(text)")
    }

    @Test(
        "a victim's explain, encode and export wait for no other user's Encode, which ends with its client",
        .needsTheMachine)
    func longComputations() async throws {
        try await TestDaemon.run(configuration: Attack.configuration, experts: Places.fewExperts) { daemon in
            let victim = PermissionTable.owner
            let adapter = try await PermissionTable.makeObjects(at: daemon.socket).adapter
            let calm = try await Attack.latencies(of: Self.calls(adapter), as: victim, on: daemon)
            print("calm: \(calm)")
            let script = """
                texts = [("a long text about birds and what they eat " + str(n) + " ") * 60 for n in range(512)]
                peers = [connect() for _ in range(4)]
                for peer in peers:
                    peer.sendall(encoded("Encode", {"texts": texts}))
                time.sleep(1)
                ready()
                wait()
                """
            try await Attack.run(script, as: [Attack.attacker(0), Attack.attacker(1)], on: daemon) {
                let times = try await Attack.latencies(
                    of: Self.calls(adapter), as: victim, rounds: 4, on: daemon)
                Self.report("beside two users with four Encode calls of 512 texts each", times)
            }
            // The attackers' processes have ended, and with them their calls.
            try await eventually("the end of the work", within: .seconds(60)) {
                let metrics = try await daemon.control("metrics").output
                return metrics.contains("sglorad_calls_in_flight 1\n")
            }
        }
    }

    @Test("users with all connections lock out neither another user nor an administrator")
    func idleConnections() async throws {
        try await TestDaemon.run(configuration: Attack.configuration, experts: Places.twoExperts) { daemon in
            let list = [(method: Methods.ListBases.qualifiedName, parameters: "{}", more: false)]
            let script = """
                kind = ["idle", "idle", "half", "stream"][int(name) % 4]
                peers = []
                for number in range(512):
                    peer = connect()
                    peers.append(peer)
                    try:
                        if kind == "half":
                            peer.sendall(b'{"method":"io.sglorad')
                        elif kind == "stream":
                            peer.sendall(encoded("Monitor", more=True))
                    except BrokenPipeError:
                        pass
                ready()
                wait()
                """
            let attackers = (0..<4).map(Attack.attacker)
            try await Attack.run(script, as: attackers, on: daemon) {
                let users = try await Attack.latencies(
                    of: list, as: PermissionTable.owner, rounds: 10, on: daemon)
                Self.report("a user beside four with 512 connections each", users)
                #expect(chmod(daemon.socket, 0o666) == 0)
                let administrators = try await Attack.latencies(
                    of: list, as: PermissionTable.administrator, rounds: 10, on: daemon)
                Self.report("an administrator beside four users with 512 connections each", administrators)
                let holding = """
                    peers = [connect() for _ in range(100)]
                    for peer in peers:
                        peer.sendall(encoded("ListBases"))
                    for peer in peers:
                        receive(peer)
                    ready()
                    wait()
                    """
                try await Attack.run(holding, as: [PermissionTable.neighbour], on: daemon) {}
            }
        }
    }

    @Test("users with all the calls they may have leave some to another")
    func callsInFlight() async throws {
        try await TestDaemon.run(configuration: Attack.configuration, experts: Places.twoExperts) { daemon in
            let script = """
                peers = [connect() for _ in range(256)]
                for peer in peers:
                    peer.sendall(encoded("Monitor", more=True))
                for peer in peers:
                    receive(peer)
                ready()
                wait()
                """
            try await Attack.run(script, as: (0..<4).map(Attack.attacker), on: daemon) {
                let times = try await Attack.latencies(
                    of: [(Methods.ListBases.qualifiedName, "{}", false)], as: PermissionTable.owner,
                    rounds: 10, on: daemon)
                Self.report("beside four users with 256 Monitor calls each", times)
            }
        }
    }

    @Test("a range of subordinate user IDs has the connections of its owner")
    func subordinateRange() async throws {
        try await withTemporaryFolder { folder in
            try Data("60501:60600:100\n".utf8).write(to: URL(filePath: "\(folder)/subuid"))
            let configuration = """
                access:
                  users: \(PermissionTable.users)
                  administrators: \(PermissionTable.administrators)
                  subordinateUsers: \(folder)/subuid
                limits:
                  connectionsPerUser: 6
                """
            try await TestDaemon.run(in: folder, configuration: configuration) { daemon in
                let script = """
                    peers = [connect() for _ in range(3)]
                    for peer in peers:
                        peer.sendall(encoded("ListBases"))
                        receive(peer)
                    ready()
                    wait()
                    """
                let contained = [60_600, 60_650].map { OtherUser(uid: $0, gid: PermissionTable.users) }
                try await Attack.run(script, as: contained, on: daemon) {
                    let list = (method: Methods.ListBases.qualifiedName, parameters: "{}", more: false)
                    await #expect(throws: (any Error).self, "the owner's six are taken by the range") {
                        _ = try await Attack.latencies(of: [list], as: Attack.attacker(0), on: daemon)
                    }
                    Self.report(
                        "another user beside a subordinate range",
                        try await Attack.latencies(of: [list], as: PermissionTable.owner, on: daemon))
                }
            }
        }
    }
}

import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// What clients can make the daemon hold in memory.
@Suite("Memory of the socket", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers, .serialized)
struct MemoryBoundTests {
    private static let limit = 256 << 20

    /// Runs an attack and reports by how much the daemon's memory grew over what it had before, at most.
    private func growth(
        _ what: String, _ script: String, as users: [OtherUser], on daemon: TestDaemon,
        _ meanwhile: () async throws -> Void = {}
    ) async throws {
        let idle = try Attack.memory(of: daemon.process)
        try Attack.forgetPeak(of: daemon.process)
        try await Attack.run(script, as: users, on: daemon) {
            try await meanwhile()
            let times = try await Attack.latencies(
                of: [(Methods.ListBases.qualifiedName, "{}", false)], as: PermissionTable.owner, rounds: 5,
                on: daemon)
            print("beside \(what): a call takes at most \(times.max() ?? 0) s")
            #expect(times.allSatisfy { $0 < Attack.patience }, "\(times)")
        }
        let peak = try Attack.memory(of: daemon.process, peak: true)
        print(
            "\(what): \(idle >> 20) MiB idle, \(peak >> 20) MiB at most, \(max(0, peak - idle) >> 20) MiB more"
        )
        #expect(peak - idle < Self.limit, "\(what)")
    }

    @Test("unread Monitor streams and huge messages stay within 256 MB", .needsTheMachine)
    func bounded() async throws {
        try await TestDaemon.run(configuration: Attack.configuration, experts: Places.twoExperts) { daemon in
            // Whatever is made once is there before the measurement.
            _ = try await PermissionTable.makeObjects(at: daemon.socket)
            let monitors = """
                peers = [connect() for _ in range(240)]
                for peer in peers:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                    peer.sendall(encoded("Monitor", more=True))
                caller = connect()
                for number in range(150):
                    intent = {"text": "definitions of birds", "label": "x" * 250}
                    caller.sendall(encoded("Submit", {"intent": intent}))
                    request = receive(caller)[-1]["parameters"]["requestId"]
                    for method in ["CancelRequest", "RetryRequest", "CancelRequest"]:
                        caller.sendall(encoded(method, {"requestId": request, "text": "birds"}))
                        receive(caller)
                ready()
                wait()
                """
            try await growth("240 unread Monitor streams", monitors, as: [Attack.attacker(0)], on: daemon)
            for (what, list) in [
                ("zeros", #""0," * 7_500_000 + "0""#), ("empty lists", #""[]," * 5_000_000 + "[]""#),
                ("nested lists", #"("[" * 50 + "]" * 50 + ",") * 150_000 + "0""#),
                ("short texts", #"'"",' * 5_000_000 + '""'"#),
            ] {
                let script = """
                    import threading
                    message = ('{"method":"io.sglorad.Encode","parameters":{"texts":[' + \(list) + ']}}').encode() + b"\\0"
                    def send():
                        peer = connect()
                        try:
                            peer.sendall(message)
                            peer.recv(65536)
                        except (BrokenPipeError, ConnectionResetError):
                            pass
                    threads = [threading.Thread(target=send) for _ in range(4)]
                    for thread in threads:
                        thread.start()
                    ready()
                    for thread in threads:
                        thread.join()
                    wait()
                    """
                try await growth(
                    "eight messages of 15 MB of \(what)", script,
                    as: [Attack.attacker(0), Attack.attacker(1)], on: daemon
                ) {
                    try await Task.sleep(for: .seconds(2))
                }
            }
        }
    }
}

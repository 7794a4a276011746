import Foundation
import TestSupport
import Testing

/// How many flushes of the disk it takes to answer requests durably; counted, not timed.
@Suite("Flushes", .timeLimit(.minutes(10)), .needsModel)
struct FlushTests {
    @Test("one request alone takes at most three flushes, and 64 together take fewer than 64")
    func flushes() async throws {
        try await withTemporaryFolder { folder in
            let count = "\(folder)/flushes"
            let environment = [
                "LD_PRELOAD": "\(Places.products)/libFaultInjection.so",
                "SGLORAD_FAULT_ROOT": "\(folder)/state",
                "SGLORAD_FLUSH_COUNT": count,
            ]
            let end = try await TestDaemon.run(in: folder, environment: environment) { daemon in
                try await daemon.importExperts(Places.fewExperts)
                // The first one warms up; then five, one after another, and 64 together.
                let found = try await Self.flushes(
                    of: [1, 1, 1, 1, 1, 1, 64], on: daemon.socket, counted: count)
                try #require(found.count == 7, "\(found)")
                let (alone, together) = (found[1...5], found[6])
                // What the daemon does of itself now and then may be among one of them.
                #expect((1...3).contains(alone.sorted()[2]), "\(alone)")
                #expect((1..<64).contains(together), "\(together)")
                print("flushes: \(Array(alone)) for one request alone, \(together) for 64 together")
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// The flushes of each of some rounds of requests, whose adapters are there when they are answered.
    ///
    /// A process of its own makes them, without a pause: every 20 seconds the daemon makes durable what was left for later, and a
    /// test that waits for a thread would count that too.
    ///
    /// - Parameter rounds: how many requests arrive at once in each round.
    private static func flushes(
        of rounds: [Int], on socket: String, counted file: String
    ) async throws -> [Int] {
        let python = """
            import json, os, socket, struct, sys
            path, file, rounds = sys.argv[1], sys.argv[2], [int(size) for size in sys.argv[3:]]
            def count(): return struct.unpack('q', open(file, 'rb').read(8))[0]
            peers = [socket.socket(socket.AF_UNIX) for _ in range(max(rounds))]
            for peer in peers: peer.connect(path)
            seed = 0
            for size in rounds:
                before = count()
                for peer in peers[:size]:
                    intent = {'text': 'definitions of birds', 'seed': seed, 'force': True}
                    call = {'method': 'io.sglorad.Request', 'parameters': {'intent': intent}}
                    peer.sendall(json.dumps(call).encode() + b'\\0')
                    seed += 1
                for peer in peers[:size]:
                    reply = b''
                    while not reply.endswith(b'\\0'):
                        reply += peer.recv(65536) or sys.exit('the daemon has closed the connection')
                    'error' in json.loads(reply[:-1]) and sys.exit(reply)
                    folder = json.loads(reply[:-1])['parameters']['adapter']['path']
                    os.path.exists(folder + '/adapter_model.safetensors') or sys.exit(folder)
                print(count() - before)
            """
        let done = try await Program.run(
            OtherUser.python, ["-c", python, socket, file] + rounds.map(String.init))
        try #require(done.status == 0, "\(done)")
        return done.output.split(separator: "\n").compactMap { Int($0) }
    }
}

import Foundation
import Privacy
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// How many flushes of the disk it takes to answer requests durably; counted, not timed.
@Suite("Flushes", .timeLimit(.minutes(10)), .needsModel)
struct FlushTests {
    @Test("one request alone takes at most four flushes, and 64 together take fewer than 64")
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
                try await Self.request(0, of: daemon)
                let alone = try await Self.flushesOfRequestsAlone(on: daemon.socket, counted: count)
                // What the daemon does of itself now and then may be among one of them.
                try #require(alone.count == 5, "\(alone)")
                #expect((1...4).contains(alone.sorted()[2]), "\(alone)")
                let together = try await Self.flushesOfRequestsTogether(on: daemon.socket, counted: count)
                #expect((1..<64).contains(together), "\(together)")
                print("flushes: \(alone) for one request alone, \(together) for 64 together")
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// The flushes of each of five requests, one after another.
    ///
    /// A process of its own makes them, without a pause: every 20 seconds the daemon makes durable what was left for later, and a
    /// test that waits for a thread would count that too.
    private static func flushesOfRequestsAlone(on socket: String, counted file: String) async throws -> [Int]
    {
        let python = """
            import json, socket, struct, sys
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(sys.argv[1])
            for seed in range(1, 6):
                before = struct.unpack('q', open(sys.argv[2], 'rb').read(8))[0]
                intent = {'text': 'definitions of birds', 'seed': seed, 'force': True}
                call = {'method': 'io.sglorad.Request', 'parameters': {'intent': intent}}
                peer.sendall(json.dumps(call).encode() + b'\\0')
                reply = b''
                while not reply.endswith(b'\\0'):
                    reply += peer.recv(65536) or sys.exit('the daemon has closed the connection')
                'error' in json.loads(reply[:-1]) and sys.exit(reply)
                print(struct.unpack('q', open(sys.argv[2], 'rb').read(8))[0] - before)
            """
        let done = try await Program.run(OtherUser.python, ["-c", python, socket, file])
        try #require(done.status == 0, "\(done)")
        return done.output.split(separator: "\n").compactMap { Int($0) }
    }

    /// The flushes of 64 requests that arrive at once, from a process of its own, whose adapters are there when it is answered.
    private static func flushesOfRequestsTogether(on socket: String, counted file: String) async throws -> Int
    {
        let python = """
            import json, os, socket, struct, sys
            def count(): return struct.unpack('q', open(sys.argv[2], 'rb').read(8))[0]
            def call(seed):
                intent = {'text': 'definitions of birds', 'seed': seed, 'force': True}
                return json.dumps({'method': 'io.sglorad.Request', 'parameters': {'intent': intent}}).encode() + b'\\0'
            peers = [socket.socket(socket.AF_UNIX) for _ in range(64)]
            for peer in peers: peer.connect(sys.argv[1])
            before = count()
            for seed, peer in enumerate(peers): peer.sendall(call(100 + seed))
            for peer in peers:
                reply = b''
                while not reply.endswith(b'\\0'):
                    reply += peer.recv(65536) or sys.exit('the daemon has closed the connection')
                path = json.loads(reply[:-1])['parameters']['adapter']['path']
                os.path.exists(path + '/adapter_model.safetensors') or sys.exit(path)
            print(count() - before)
            """
        let done = try await Program.run(OtherUser.python, ["-c", python, socket, file])
        try #require(done.status == 0, "\(done)")
        return try #require(Int(done.line), "\(done)")
    }

    private static func request(_ number: Int, of daemon: TestDaemon) async throws {
        let client = try await VarlinkClient.connect(path: daemon.socket)
        let intent = Form.Intent(text: "definitions of birds", seed: number, force: true)
        let reply = try await client.call(
            Methods.Request.qualifiedName, Methods.Request.Parameters(intent: intent, idempotencyKey: nil),
            returning: Methods.Request.Reply.self)
        await client.close()
        let path = try #require(reply.adapter?.path)
        #expect(FileManager.default.fileExists(atPath: path + "/adapter_model.safetensors"))
    }
}

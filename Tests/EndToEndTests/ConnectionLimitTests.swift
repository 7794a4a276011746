import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Many connections of many users at once.
@Suite("Connection limits", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers)
struct ConnectionLimitTests {
    private static let users = 60_100
    private static let (uids, idle, busy) = (Array(60_401...60_410), 90, [7, 7, 7, 7, 6, 6, 6, 6, 6, 6])

    @Test("900 idle and 64 busy connections of ten users are all served, with constant memory")
    func manyConnections() async throws {
        try await withTemporaryFolder { folder in
            let marks = "\(folder)/marks"
            try FileManager.default.createDirectory(atPath: marks, withIntermediateDirectories: false)
            #expect(chmod(marks, 0o777) == 0)
            // Started with a low limit of open files, which the daemon has to raise itself.
            let launcher = ["/bin/sh", "-c", "ulimit -Sn 256 && exec \"$0\" \"$@\""]
            let end = try await TestDaemon.run(
                in: folder, configuration: "access:\n  users: \(Self.users)\n", launcher: launcher
            ) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                let memory = try await withThrowingTaskGroup(of: Void.self) { group in
                    for (uid, busy) in zip(Self.uids, Self.busy) {
                        group.addTask {
                            let user = OtherUser(uid: uid, gid: Self.users)
                            let outcome = try await user.run(
                                Self.script, [daemon.socket, marks, "\(uid)", "\(Self.idle)", "\(busy)"])
                            #expect(outcome.status == 0, "\(outcome.error)")
                        }
                    }
                    var memory: [Int] = []
                    for round in 0..<3 {
                        try await Self.wait(for: "\(round)", in: marks)
                        let descriptors = try FileManager.default.contentsOfDirectory(
                            atPath: "/proc/\(daemon.process)/fd")
                        #expect(descriptors.count >= 964)
                        memory.append(try Self.residentMemory(of: daemon.process))
                        _ = FileManager.default.createFile(atPath: "\(marks)/go-\(round)", contents: nil)
                    }
                    try await group.waitForAll()
                    return memory
                }
                // The first round warms up; a leak would show between the later ones.
                #expect(memory[2] - memory[1] < 12 << 20, "\(memory)")
                let status = try await daemon.reply(Methods.Status.Reply.self, "status")
                #expect(status.queue.done == 2 * 64)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// Waits until every user has finished a round.
    ///
    /// The test ends where one has failed.
    private static func wait(for round: String, in marks: String) async throws {
        try await eventually("round \(round) of every user") { try hasFinished(round, in: marks) }
    }

    private static func hasFinished(_ round: String, in marks: String) throws -> Bool {
        let names = try FileManager.default.contentsOfDirectory(atPath: marks)
        try #require(!names.contains { $0.hasPrefix("failed") }, "\(names)")
        return names.count(where: { $0.hasPrefix("round-\(round)-") }) == uids.count
    }

    private static func residentMemory(of process: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) * 1024
    }

    /// Holds connections open, some of which make calls in rounds, and waits for permission before each round.
    private static let script = """
        import json, os, socket, sys, time
        path, marks, name, idle, busy = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
        def connect():
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(path)
            peer.settimeout(600)
            return peer
        def receive(peer):
            data = bytearray()
            while not data.endswith(b"\\0"):
                piece = peer.recv(65536)
                if not piece:
                    raise SystemExit("the daemon closed a connection")
                data += piece
            return json.loads(data[:-1])
        def all_call(peers, method, parameters):
            message = json.dumps({"method": "io.sglorad." + method, "parameters": parameters}).encode() + b"\\0"
            for peer in peers:
                peer.sendall(message)
            for peer in peers:
                reply = receive(peer)
                if "error" in reply:
                    raise SystemExit(json.dumps(reply))
        try:
            quiet = [connect() for _ in range(idle)]
            peers = [connect() for _ in range(busy)]
            # A reply shows that the connection was accepted.
            all_call(quiet + peers, "ListBases", {})
            for number in range(3):
                open(f"{marks}/round-{number}-{name}", "w").close()
                while not os.path.exists(f"{marks}/go-{number}"):
                    time.sleep(0.01)
                if number < 2:
                    all_call(peers, "Request", {"intent": {"text": "definitions of birds"}})
                    for _ in range(3):
                        all_call(peers, "Encode", {"texts": ["a bird"]})
            all_call(quiet, "ListBases", {})
        except BaseException:
            open(f"{marks}/failed-{name}", "w").close()
            raise
        """
}

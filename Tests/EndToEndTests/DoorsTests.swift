import ControlProtocol
import Foundation
import Glibc
import Testing

/// Many users at once.
@Suite(
    "Doors", .timeLimit(.minutes(20)),
    .enabled(if: Places.hasModel, "needs the text encoder: make model"),
    .enabled(if: OtherUser.canBe, OtherUser.whyNot))
struct DoorsTests {
    private static let users = 60_100
    private static let (uids, idle, busy) = (Array(60_401...60_410), 90, [7, 7, 7, 7, 6, 6, 6, 6, 6, 6])

    @Test(
        "900 idle and 64 busy connections of ten users are held at once, each is answered, and memory stays flat"
    )
    func manyConnections() async throws {
        try await withTemporaryFolder { folder in
            let file = "\(folder)/sglorad.yaml"
            try Data("access:\n  users: \(Self.users)\n".utf8).write(to: URL(filePath: file))
            let marks = "\(folder)/marks"
            try FileManager.default.createDirectory(atPath: marks, withIntermediateDirectories: false)
            #expect(chmod(marks, 0o777) == 0)
            // Begun with room for a few files only: it makes room for its connections itself.
            let launcher = ["/bin/sh", "-c", "ulimit -Sn 256 && exec \"$0\" \"$@\""]
            let end = try await TestDaemon.run(
                in: folder, arguments: ["--config", file], launcher: launcher
            ) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
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
                // The first round warms up; what each later one leaves behind would add up.
                #expect(memory[2] - memory[1] < 12 << 20, "\(memory)")
                let status = try await daemon.reply(Methods.Status.Reply.self, "status")
                #expect(status.queue.done == 2 * 64)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// Waits until every user has come to the end of a round, or one has given up.
    private static func wait(for round: String, in marks: String) async throws {
        while true {
            let names = try FileManager.default.contentsOfDirectory(atPath: marks)
            try #require(!names.contains { $0.hasPrefix("failed") }, "\(names)")
            if names.count(where: { $0.hasPrefix("round-\(round)-") }) == uids.count { return }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func residentMemory(of process: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) * 1024
    }

    /// Holds connections, some of which call in rounds; between the rounds it waits until it is told to go on.
    private static let script = """
        import json, os, socket, sys, time
        path, marks, name, idle, busy = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
        def connect():
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(path)
            peer.settimeout(120)
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
            # Every connection has been let in once it is answered.
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

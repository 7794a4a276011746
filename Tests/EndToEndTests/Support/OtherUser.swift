import Foundation
import Glibc
import TestSupport
import Testing

/// Another user of the machine, who talks to the daemon's socket from a separate process.
struct OtherUser: Sendable {
    let uid: Int
    let gid: Int
    var groups: [Int] = []

    /// Whether this process can start processes of other users.
    static let isAvailable = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: python)
    static let python = "/usr/bin/python3"

    /// The last reply to a call.
    struct Answer {
        /// The error's qualified name, `closed` where the daemon closed the connection, nil where the call succeeded.
        let error: String?
        let parameters: [String: Any]
        let text: String
    }

    /// The permissions of the socket file refused the connection.
    struct Refused: Error {}

    /// Makes calls one after another on one connection.
    func call(
        _ calls: [(method: String, parameters: String, more: Bool)], at socket: String
    ) async throws -> [Answer] {
        let lines = calls.map { call in
            #"{"method":"\#(call.method)","parameters":\#(call.parameters)\#(call.more ? #","more":true"# : "")}"#
        }
        let outcome = try await run(Self.caller, [socket], input: lines.joined(separator: "\n"))
        if outcome.status == 13 { throw Refused() }
        try #require(outcome.status == 0, "\(outcome.error)")
        let answers = outcome.output.split(separator: "\n").map(String.init)
        try #require(answers.count == calls.count, "\(outcome.output) \(outcome.error)")
        return try answers.map { line in
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return Answer(
                error: object["error"] as? String, parameters: object["parameters"] as? [String: Any] ?? [:],
                text: line)
        }
    }

    /// Makes one call.
    func call(_ method: String, _ parameters: String = "{}", at socket: String) async throws -> Answer {
        try await call([(method, parameters, false)], at: socket)[0]
    }

    /// Runs a Python script as this user.
    func run(_ script: String, _ arguments: [String], input: String = "") async throws -> Program.Outcome {
        let become = """
            import os, sys
            os.setgroups(\(groups)); os.setresgid(\(gid), \(gid), \(gid)); os.setresuid(\(uid), \(uid), \(uid))

            """
        return try await Program.run(Self.python, ["-I", "-c", become + script] + arguments, input: input)
    }

    /// Sends each line of standard input as a message and prints the last reply to each.
    private static let caller = """
        import json, socket, sys
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect(sys.argv[1])
        except PermissionError:
            sys.exit(13)
        stream = peer.makefile("rb")
        def message():
            data = bytearray()
            while (byte := stream.read(1)) not in (b"\\0", b""):
                data += byte
            return bytes(data)
        for line in sys.stdin:
            peer.sendall(line.strip().encode() + b"\\0")
            while (reply := message()) and json.loads(reply).get("continues"):
                pass
            print((reply or b'{"error":"closed"}').decode())
        """
}

extension Trait where Self == ConditionTrait {
    /// Skips the tests where no processes of other users can be started.
    static var needsOtherUsers: Self {
        .enabled(if: OtherUser.isAvailable, "needs root and /usr/bin/python3, to act as other users")
    }
}

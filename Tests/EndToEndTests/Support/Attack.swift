import Foundation
import Glibc
import TestSupport
import Testing

/// Users who keep the daemon busy, and how long it takes others to be served meanwhile.
enum Attack {
    /// A call was refused, or its connection closed.
    struct NotServed: Error, CustomStringConvertible {
        let description: String
    }

    /// How long a victim may wait, in seconds.
    ///
    /// In the suite all tests run at once, and a time says little; `make attacks` runs these tests alone and sets it to 1.
    static let patience = given ?? 60

    /// Whether the attacks that keep the whole machine busy are run: by `make attacks` only.
    static let isMeasured = given != nil

    private static let given = ProcessInfo.processInfo.environment["SGLORAD_PATIENCE"].flatMap(Double.init)

    /// The configuration of the attacked daemons.
    static let configuration = PermissionTable.configuration

    /// A user whose number has this place among the attackers.
    static func attacker(_ place: Int) -> OtherUser {
        OtherUser(uid: 60_501 + place, gid: PermissionTable.users)
    }

    /// Runs a script as several users at once, and `body` while they are at it.
    ///
    /// A script creates the file `ready-NAME` in the folder of marks when it has begun, and ends when there is a file
    /// `stop`. The functions of ``prelude`` do that.
    static func run(
        _ script: String, as users: [OtherUser], _ arguments: [String] = [], on daemon: TestDaemon,
        _ body: () async throws -> Void
    ) async throws {
        let marks = "\(daemon.folder)/marks-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: marks, withIntermediateDirectories: false)
        try #require(chmod(marks, 0o777) == 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, user) in users.enumerated() {
                group.addTask {
                    let outcome = try await user.run(
                        prelude + script, [daemon.socket, marks, "\(place)"] + arguments)
                    #expect(outcome.status == 0, "\(outcome.error)")
                }
            }
            func stop() { _ = FileManager.default.createFile(atPath: "\(marks)/stop", contents: nil) }
            do {
                try await eventually("the attack", within: .seconds(600)) {
                    let names = try FileManager.default.contentsOfDirectory(atPath: marks)
                    return names.count { $0.hasPrefix("ready-") } == users.count
                }
                try await body()
            } catch {
                stop()
                throw error
            }
            stop()
            try await group.waitForAll()
        }
    }

    /// How long each of several calls takes, in seconds, each on a connection of its own.
    static func latencies(
        of calls: [(method: String, parameters: String, more: Bool)], as user: OtherUser, rounds: Int = 1,
        on daemon: TestDaemon
    ) async throws -> [Double] {
        let lines = calls.map { call in
            #"{"method":"\#(call.method)","parameters":\#(call.parameters)\#(call.more ? #","more":true"# : "")}"#
        }
        let outcome = try await user.run(
            prelude + measure, [daemon.socket, "-", "-", "\(rounds)"], input: lines.joined(separator: "\n"))
        guard outcome.status == 0 else { throw NotServed(description: outcome.error) }
        return try outcome.decode([Double].self)
    }

    /// The resident memory of a process, now or at its peak since ``forgetPeak(of:)``.
    static func memory(of process: Int32, peak: Bool = false) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let name = peak ? "VmHWM:" : "VmRSS:"
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name) })
        return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) * 1024
    }

    /// Makes the kernel measure the peak of a process's memory anew.
    static func forgetPeak(of process: Int32) throws {
        try Data("5".utf8).write(to: URL(filePath: "/proc/\(process)/clear_refs"), options: [])
    }

    private static let prelude = """
        import json, os, socket, sys, time
        path, marks, name = sys.argv[1:4]
        def connect():
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(path)
            peer.settimeout(600)
            return peer
        def encoded(method, parameters={}, more=False):
            call = {"method": "io.sglorad." + method, "parameters": parameters}
            if more:
                call["more"] = True
            return json.dumps(call).encode() + b"\\0"
        def receive(peer):
            data = bytearray()
            while not data.endswith(b"\\0"):
                piece = peer.recv(65536)
                if not piece:
                    raise SystemExit("the daemon closed a connection after " + repr(bytes(data[:200])))
                data += piece
            return [json.loads(part) for part in bytes(data[:-1]).split(b"\\0")]
        def ready():
            open(f"{marks}/ready-{name}", "w").close()
        def wait():
            while not os.path.exists(f"{marks}/stop"):
                time.sleep(0.02)

        """

    private static let measure = """
        times = []
        calls = [line.strip().encode() + b"\\0" for line in sys.stdin]
        for _ in range(int(sys.argv[4])):
            for call in calls:
                begin = time.monotonic()
                peer = connect()
                peer.sendall(call)
                reply = receive(peer)[-1]
                while reply.get("continues"):
                    reply = receive(peer)[-1]
                if "error" in reply:
                    raise SystemExit(json.dumps(reply))
                peer.close()
                times.append(time.monotonic() - begin)
        print(json.dumps(times))
        """
}

extension Trait where Self == ConditionTrait {
    /// Skips the tests that keep the whole machine busy, except in `make attacks`.
    static var needsTheMachine: Self {
        .enabled(if: Attack.isMeasured, "keeps the whole machine busy: make attacks")
    }
}

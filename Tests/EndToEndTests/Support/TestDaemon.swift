import ControlProtocol
import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

/// The real daemon as a process of its own, in a folder of its own.
struct TestDaemon: Sendable {
    let folder: String
    let process: Int32
    /// Where the daemon's log goes.
    var log: String { folder + "/log" }
    var socket: String { folder + "/socket" }
    var state: String { folder + "/state" }

    /// How a daemon ended.
    struct End: Sendable {
        let status: Int32
        let log: String
    }

    /// Runs a daemon in a new folder while `body` runs, ends it with SIGTERM and checks that it ends well.
    static func run(
        arguments: [String] = [], model: String = Places.model,
        _ body: @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let end = try await run(in: folder, arguments: arguments, model: model, body)
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// Runs a daemon in a given folder, which stays.
    @discardableResult
    static func run(
        in folder: String, arguments: [String] = [], model: String = Places.model,
        launcher: [String] = [], _ body: @Sendable (TestDaemon) async throws -> Void
    ) async throws -> End {
        let own =
            ["--state-dir", "\(folder)/state", "--socket", "\(folder)/socket", "--model", model] + arguments
        let command = launcher + ["\(Places.products)/sglorad"] + own
        let log = FilePath(folder + "/log")
        let descriptor = try FileDescriptor.open(
            log, .writeOnly, options: [.create, .append], permissions: [.ownerReadWrite])
        let status = try await Subprocess.run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())), input: .none,
            output: .discarded, error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
        ) { execution in
            let daemon = TestDaemon(folder: folder, process: execution.processIdentifier.value)
            do {
                try await daemon.waitUntilServing()
                try await body(daemon)
            } catch {
                kill(daemon.process, SIGKILL)
                throw error
            }
            kill(daemon.process, SIGTERM)
        }.terminationStatus
        let text = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
        switch status {
        case .exited(let code): return End(status: code, log: text)
        case .signaled(let signal): return End(status: 128 + signal, log: text)
        }
    }

    private func waitUntilServing() async throws {
        for _ in 0..<600 {
            if let client = try? await VarlinkClient.connect(path: socket) {
                await client.close()
                return
            }
            guard kill(process, 0) == 0 else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        Issue.record("the daemon does not serve: \(text)")
        throw CancellationError()
    }

    /// Runs `sglorad-ctl` against this daemon.
    func control(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await control(arguments, input: input)
    }

    /// Runs `sglorad-ctl` against this daemon.
    func control(_ arguments: [String], input: String = "") async throws -> Outcome {
        try await Program.run(
            "\(Places.products)/sglorad-ctl", arguments, input: input, environment: ["SGLORAD_SOCKET": socket]
        )
    }

    /// Runs `sglorad-ctl … --json` and decodes its reply; a failure of the command fails the test.
    func reply<T: Decodable>(_ type: T.Type, _ arguments: String..., input: String = "") async throws -> T {
        let outcome = try await control(arguments + ["--json"], input: input)
        try #require(outcome.status == 0, "\(arguments): \(outcome.output) \(outcome.error)")
        return try outcome.decode(type)
    }

    /// Imports experts; a failure fails the test.
    func importExperts(_ folders: [String] = Places.fewExperts) async throws {
        let outcome = try await control(["expert", "import"] + folders)
        try #require(outcome.status == 0, "\(outcome.output) \(outcome.error)")
    }

    /// The names in a folder of the state directory, with what lies below them.
    func files(_ name: String) -> [String] {
        (FileManager.default.enumerator(atPath: "\(state)/\(name)")?.allObjects as? [String] ?? []).sorted()
    }
}

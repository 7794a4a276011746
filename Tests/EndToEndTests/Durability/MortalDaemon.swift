import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

/// The real daemon in a folder that stays, which may not start, fail at any file operation, or be killed at any moment.
struct MortalDaemon: Sendable {
    let folder: String
    var arguments: [String] = []
    var environment: [String: String] = [:]

    var state: String { folder + "/state" }
    var socket: String { folder + "/socket" }
    var log: String { folder + "/log" }

    /// Runs the daemon while `body` runs, and kills it then with a signal.
    ///
    /// - Returns: how it ended: its status, or 128 and the signal.
    func run(signal: Int32, _ body: @Sendable (Int32) async throws -> Void) async throws -> Int32 {
        let own = ["--state-dir", state, "--socket", socket, "--model", Places.model] + arguments
        let descriptor = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .append], permissions: [.ownerReadWrite])
        var values: [Environment.Key: String?] = [:]
        for (key, value) in environment {
            if let key = Environment.Key(rawValue: key) { values[key] = value }
        }
        let status = try await Subprocess.run(
            .path(FilePath("\(Places.products)/sglorad")), arguments: Arguments(own),
            environment: .inherit.updating(values), input: .none, output: .discarded,
            error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
        ) { execution in
            let process = execution.processIdentifier.value
            do {
                try await body(process)
            } catch {
                kill(process, SIGKILL)
                throw error
            }
            kill(process, signal)
        }.terminationStatus
        switch status {
        case .exited(let code): return code
        case .signaled(let signal): return 128 + signal
        }
    }

    /// Waits until the daemon serves; false where it ended before.
    func waitUntilServing(_ process: Int32) async throws -> Bool {
        while Self.lives(process) {
            if (try? await control("status").status) == 0 { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// Whether a process has not ended; one that nobody has waited for yet has.
    static func lives(_ process: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let state = text.split(separator: ")").last?.split(separator: " ").first
        else { return false }
        return state != "Z" && state != "X"
    }

    /// Runs `sglorad-ctl` against it.
    func control(_ arguments: String...) async throws -> Outcome { try await control(arguments) }

    /// Runs `sglorad-ctl` against it.
    func control(_ arguments: [String]) async throws -> Outcome {
        try await Program.run(
            "\(Places.products)/sglorad-ctl", arguments, environment: ["SGLORAD_SOCKET": socket])
    }

    /// The same, given up after some seconds, with the status 124.
    func control(_ arguments: [String], within seconds: Int) async throws -> Outcome {
        try await Program.run(
            "/usr/bin/timeout", ["\(seconds)", "\(Places.products)/sglorad-ctl"] + arguments,
            environment: ["SGLORAD_SOCKET": socket])
    }

    /// The end of its log.
    var tail: String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(20).joined(separator: "\n")
    }
}

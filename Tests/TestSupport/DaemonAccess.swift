internal import Foundation
public import SgloradInterface
internal import Testing

/// A daemon of the tests, seen from outside: its files, and the command line that talks to it.
public protocol DaemonAccess: Sendable {
    /// The folder that holds the daemon's state directory, socket, log and configuration.
    var folder: String { get }
}

extension DaemonAccess {
    /// The state directory.
    public var state: String { "\(folder)/state" }
    /// The socket.
    public var socket: String { "\(folder)/socket" }
    /// The file that receives the daemon's standard error.
    public var log: String { "\(folder)/log" }
    /// The configuration file, where the daemon was given one.
    public var configurationFile: String { "\(folder)/config.yaml" }

    /// The log so far.
    public var logText: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
    /// The last twenty lines of the log.
    public var logTail: String { logText.split(separator: "\n").suffix(20).joined(separator: "\n") }

    /// Runs `sglorad-ctl` against this daemon.
    public func control(_ arguments: String..., input: String = "") async throws -> Program.Outcome {
        try await control(arguments, input: input)
    }

    /// Runs `sglorad-ctl` against this daemon.
    ///
    /// - Parameter limit: seconds after which the command is ended with the status 124; nil for no limit.
    public func control(
        _ arguments: [String], input: String = "", within limit: Int? = nil
    ) async throws -> Program.Outcome {
        let program = "\(Places.products)/sglorad-ctl"
        let command =
            if let limit { ["/usr/bin/timeout", "\(limit)", program] + arguments } else {
                [program] + arguments
            }
        return try await Program.run(
            command[0], Array(command.dropFirst()), input: input, environment: ["SGLORAD_SOCKET": socket])
    }

    /// Runs `sglorad-ctl … --json` and decodes its output.
    ///
    /// The test ends where the command fails.
    public func reply<T: Decodable>(
        _ type: T.Type, _ arguments: String..., more: [String] = [], input: String = ""
    ) async throws -> T {
        let outcome = try await control(arguments + more + ["--json"], input: input)
        try #require(outcome.status == 0, "\(arguments): \(outcome.output) \(outcome.error)")
        return try outcome.decode(type)
    }

    /// Imports experts.
    ///
    /// The test ends where an import fails.
    public func importExperts(_ folders: [String] = Places.fewExperts) async throws {
        let outcome = try await control(["expert", "import"] + folders)
        try #require(outcome.status == 0, "\(outcome.output) \(outcome.error)")
    }

    /// Waits until a request has reached a final state.
    public func finished(_ requestID: String) async throws -> Wire.QueuedRequest {
        try await firstValue("the end of request \(requestID)") {
            let request = try await reply(Methods.GetRequest.Reply.self, "queue", "show", requestID).request
            return request.finishedAt == nil ? nil : request
        }
    }

    /// The relative paths of everything below a folder of the state directory, sorted.
    public func files(_ name: String) -> [String] {
        (FileManager.default.enumerator(atPath: "\(state)/\(name)")?.allObjects as? [String] ?? []).sorted()
    }
}

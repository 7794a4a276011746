internal import Foundation
internal import Glibc
internal import SgloradInterface
internal import Subprocess
internal import SystemPackage
internal import Testing
internal import Varlink

/// Starts the real daemon as a child process, again and again on the same folder.
///
/// The daemon may fail to start, fail at any file operation, or be killed at any moment; `run` only reports its status.
public struct DaemonProcess: DaemonAccess {
    /// The folder that holds the state directory, socket, log and configuration.
    ///
    /// It stays.
    public let folder: String
    /// Arguments after those for the state directory, the socket and the model.
    public var arguments: [String]
    /// Variables added to this process's environment.
    public var environment: [String: String]
    /// The folder of the text encoder.
    public var model: String
    /// A program and arguments that execute the daemon's command line, with the same process identifier; often none.
    public var launcher: [String]

    /// How to end a daemon.
    public enum Stop: Sendable {
        /// By SIGTERM: in order.
        case terminating
        /// By SIGKILL.
        case killing
    }

    /// Describes a daemon; `run` starts it.
    ///
    /// - Parameter configuration: YAML that is written to `configurationFile` and passed with `--config`.
    public init(
        folder: String, configuration: String? = nil, arguments: [String] = [],
        environment: [String: String] = [:], model: String = Places.model, launcher: [String] = []
    ) throws {
        self.folder = folder
        self.arguments = arguments
        self.environment = environment
        self.model = model
        self.launcher = launcher
        guard let configuration else { return }
        try Data(configuration.utf8).write(to: URL(filePath: configurationFile))
        self.arguments = ["--config", configurationFile] + arguments
    }

    /// Runs the daemon while `body` runs, which gets its process identifier, and then stops it.
    ///
    /// Where `body` throws, the daemon is killed and the error passed on.
    ///
    /// - Returns: the exit status, or 128 and the number of the signal that ended the daemon.
    @discardableResult
    public func run(
        stoppingBy stop: Stop = .terminating, _ body: @Sendable (Int32) async throws -> Void
    ) async throws -> Int32 {
        let command =
            launcher + [
                "\(Places.products)/sglorad", "--state-dir", state, "--socket", socket, "--model", model,
            ] + arguments
        let descriptor = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .append], permissions: [.ownerReadWrite])
        return try await Subprocess.run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            environment: .inheriting(environment), input: .none, output: .discarded,
            error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
        ) { execution in
            let process = execution.processIdentifier.value
            do {
                try await body(process)
            } catch {
                kill(process, SIGKILL)
                throw error
            }
            kill(process, stop == .killing ? SIGKILL : SIGTERM)
        }.terminationStatus.shellStatus
    }

    /// Waits until the daemon answers a call of `Status`.
    ///
    /// - Returns: false where it ended before.
    public func waitUntilServing(_ process: Int32) async throws -> Bool {
        while Self.isAlive(process) {
            if await isServing { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    private var isServing: Bool {
        get async {
            guard let client = try? await VarlinkClient.connect(path: socket) else { return false }
            let reply = try? await client.call(
                Methods.Status.qualifiedName, Methods.Status.Parameters(),
                returning: Methods.Status.Reply.self)
            await client.close()
            return reply != nil
        }
    }

    /// Whether a process has not ended.
    ///
    /// A zombie has.
    public static func isAlive(_ process: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let state = text.split(separator: ")").last?.split(separator: " ").first
        else { return false }
        return state != "Z" && state != "X"
    }
}

/// The real daemon while it serves.
public struct TestDaemon: DaemonAccess {
    /// The folder that holds the state directory, socket, log and configuration.
    public let folder: String
    /// The process identifier.
    public let process: Int32

    /// How a daemon ended.
    public struct End: Sendable {
        /// The exit status, or 128 and the number of the signal that ended it.
        public let status: Int32
        /// The log of all daemons of the folder so far.
        public let log: String
    }

    /// Runs a daemon in a new temporary folder while `body` runs, stops it with SIGTERM and expects a clean exit.
    ///
    /// - Parameter experts: the folders of experts to import before `body` runs.
    public static func run(
        configuration: String? = nil, arguments: [String] = [], model: String = Places.model,
        experts: [String] = [], _ body: @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let end = try await run(
                in: folder, configuration: configuration, arguments: arguments, model: model
            ) { daemon in
                if !experts.isEmpty { try await daemon.importExperts(experts) }
                try await body(daemon)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// Runs a daemon in a folder, which stays, while `body` runs, and stops it with SIGTERM.
    ///
    /// The test ends where the daemon does not come to serve. Where `body` throws, the daemon is killed.
    @discardableResult
    public static func run(
        in folder: String, configuration: String? = nil, arguments: [String] = [],
        environment: [String: String] = [:], model: String = Places.model, launcher: [String] = [],
        _ body: @Sendable (TestDaemon) async throws -> Void
    ) async throws -> End {
        let daemon = try DaemonProcess(
            folder: folder, configuration: configuration, arguments: arguments, environment: environment,
            model: model, launcher: launcher)
        let status = try await daemon.run { process in
            try #require(
                try await daemon.waitUntilServing(process), "the daemon does not serve: \(daemon.logTail)")
            try await body(TestDaemon(folder: folder, process: process))
        }
        return End(status: status, log: daemon.logText)
    }
}

import ArgumentParser
import ControlProtocol

/// The options that every command has, and the way from a command to the daemon and back.
struct Connection: ParsableArguments {
    /// Where the daemon listens unless something else is said.
    static let defaultSocket = "/run/sglorad/io.sglorad"

    @Option(
        help: ArgumentHelp(
            "The daemon's socket (default: $SGLORAD_SOCKET, else \(defaultSocket)).", valueName: "path"))
    var socket: String?

    @Flag(help: "Print one JSON document instead of text.")
    var json = false

    /// The socket's path, from the option, the environment or the default.
    var path: String {
        if let socket { return socket }
        let fromEnvironment = Environment["SGLORAD_SOCKET"] ?? ""
        return fromEnvironment.isEmpty ? Self.defaultSocket : fromEnvironment
    }

    /// Runs a command's body; an error is told, and becomes the exit status.
    func run(_ body: (Output) async throws -> Void) async throws {
        let output = Output(json: json)
        do {
            try await body(output)
        } catch let status as ExitCode {
            throw status
        } catch {
            let failure = Failure(error)
            output.emit(failure)
            throw ExitCode(failure.status.rawValue)
        }
    }

    /// Runs a body with a connection to the daemon, which is closed behind it.
    func withClient<Result>(_ body: (Client) async throws -> Result) async throws -> Result {
        let client = Client(transport: try await VarlinkClient.connect(path: path))
        do {
            let result = try await body(client)
            await client.transport.close()
            return result
        } catch {
            await client.transport.close()
            throw error
        }
    }

    /// Runs a command's body with a connection to the daemon.
    func runWithClient(_ body: (Client, Output) async throws -> Void) async throws {
        try await run { output in
            try await withClient { try await body($0, output) }
        }
    }
}

internal import ArgumentParser
internal import ErrorModel
internal import Varlink

/// The options of every command, and the connection to the daemon.
struct Connection: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's socket (default: $SGLORAD_SOCKET, else \(SgloradRelease.socketPath)).",
            valueName: "path"))
    var socket: String?

    @Flag(help: "Print one JSON document instead of text.")
    var json = false

    /// The socket's path: the option, the environment variable or the default.
    var path: String {
        if let socket { return socket }
        let fromEnvironment = Environment["SGLORAD_SOCKET"] ?? ""
        return fromEnvironment.isEmpty ? SgloradRelease.socketPath : fromEnvironment
    }

    /// Runs a command's body; prints an error and turns it into the exit status.
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

    /// Connects to the daemon, runs the body, and closes the connection.
    func withClient<Result>(_ body: (VarlinkClient) async throws -> Result) async throws -> Result {
        let client = try await VarlinkClient.connect(path: path)
        do {
            let result = try await body(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }

    /// Runs a command's body with a connection to the daemon.
    func runWithClient(_ body: (VarlinkClient, Output) async throws -> Void) async throws {
        try await run { output in
            try await withClient { try await body($0, output) }
        }
    }

    /// Runs a command that consists of one call: prints the reply as JSON, or as the text that `report` makes of it.
    func run<Method: VarlinkMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters,
        report: (inout Report, Method.Reply) -> Void
    ) async throws {
        try await runWithClient { client, output in
            let reply = try await client.call(method, parameters)
            try output.emit(reply) { report(&$0, reply) }
        }
    }
}

internal import ErrorModel
internal import Glibc
internal import SgloradInterface
internal import Varlink

/// The daemon on this machine, as an application calls it.
///
/// A client is a value: it holds no connection, and any number of tasks may use it at once. Each call connects to the
/// daemon's socket, so that a client also works after the daemon has been restarted.
///
/// Cancelling the task that makes a call closes the call's connection, and the call throws `CancellationError`. Every
/// other error is a ``Failure``.
public struct SgloradClient: Sendable {
    /// The path of the daemon's socket.
    public let socket: String
    /// How long a call may take; nil for as long as it needs.
    ///
    /// It does not apply to ``monitor(acrossRestarts:)``.
    public let timeout: Duration?
    /// How long a wait that was cut by the end of the daemon may take to reach the daemon again.
    ///
    /// See ``request(_:idempotencyKey:progress:)``.
    public let patience: Duration

    /// Describes a daemon; nothing is sent before the first call.
    ///
    /// - Parameters:
    ///   - socket: the path of its socket; ``defaultSocket`` if it is nil.
    ///   - timeout: how long a call may take before it fails with ``Failure/timedOut(_:)``; nil for as long as it needs.
    ///   - patience: how long to look for a daemon that ended during a wait.
    public init(socket: String? = nil, timeout: Duration? = nil, patience: Duration = .seconds(30)) {
        self.socket = socket ?? Self.defaultSocket
        self.timeout = timeout
        self.patience = patience
    }

    /// The path in the environment variable `SGLORAD_SOCKET`, or else that of the system's daemon.
    public static var defaultSocket: String {
        guard let value = getenv("SGLORAD_SOCKET"), value.pointee != 0 else {
            return SgloradRelease.socketPath
        }
        return String(cString: value)
    }
}

extension SgloradClient {
    /// Connects, runs the body, and closes the connection.
    ///
    /// - Parameter limit: how long both may take together; nil for no limit.
    /// - Throws: ``Failure``, `CancellationError`.
    func connected<Result: Sendable>(
        within limit: Duration?, _ body: (VarlinkClient) async throws -> Result
    ) async throws -> Result {
        do {
            let connection = try await VarlinkClient.connect(path: socket)
            let deadline = Deadline(limit, closing: connection)
            defer { deadline.end() }
            do {
                let result = try await body(connection)
                await connection.close()
                return result
            } catch {
                await connection.close()
                guard deadline.hasPassed, !Task.isCancelled else { throw error }
                throw Failure.timedOut(Report(Self.timedOut(socket, limit)))
            }
        } catch {
            throw Failure.mapping(error)
        }
    }

    /// Makes one call that has one reply, and translates the reply.
    func call<Method: VarlinkMethod, Result: Sendable>(
        _ method: Method.Type, _ parameters: Method.Parameters,
        _ translate: (Method.Reply) throws -> Result
    ) async throws -> Result {
        try await connected(within: timeout) { try translate(try await $0.call(method, parameters)) }
    }

    private static func timedOut(_ socket: String, _ limit: Duration?) -> String {
        let time = limit.map { " within \($0)" } ?? ""
        return "The daemon at \(socket) did not answer\(time). Ask again later, or allow the call more time."
    }
}

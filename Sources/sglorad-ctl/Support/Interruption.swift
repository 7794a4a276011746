import ControlProtocol
import Dispatch
import Glibc
import Synchronization

/// Ends a long call in order when the person presses Ctrl-C (or the process is asked to end): the connection is closed,
/// so the daemon calls the work off, and what was begun here is cleared away.
enum Interruption {
    /// Runs a body; a signal closes the client's connection and makes the body's error a failure that says `notice`.
    static func guarding<Result>(
        _ client: Client, notice: String, _ body: () async throws -> Result
    ) async throws -> Result {
        let watch = SignalWatch { await client.transport.close() }
        defer { watch.end() }
        do {
            return try await body()
        } catch {
            guard let signal = watch.received else { throw error }
            throw Failure(
                name: "Interrupted", message: notice, status: signal == SIGTERM ? .terminated : .interrupted)
        }
    }
}

/// Waits for SIGINT and SIGTERM while a long call runs.
///
/// A second signal ends the process at once.
private final class SignalWatch: Sendable {
    private static let signals = [SIGINT, SIGTERM]

    private let state = Mutex<(received: Int32?, sources: [any DispatchSourceSignal])>((nil, []))

    /// The signal that came, if any.
    var received: Int32? { state.withLock { $0.received } }

    init(_ action: @escaping @Sendable () async -> Void) {
        for number in Self.signals {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [weak self] in
                guard let self else { return }
                let isFirst = state.withLock { state in
                    defer { state.received = number }
                    return state.received == nil
                }
                guard isFirst else { _exit(128 + number) }
                Task { await action() }
            }
            source.resume()
            state.withLock { $0.sources.append(source) }
        }
    }

    /// Gives the signals back their usual effect.
    func end() {
        state.withLock { state in
            for source in state.sources { source.cancel() }
            state.sources = []
        }
        for number in Self.signals { signal(number, SIG_DFL) }
    }
}

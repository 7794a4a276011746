internal import Dispatch
internal import ErrorModel
internal import Glibc
internal import SgloradInterface
internal import Synchronization
internal import Varlink

/// Cancels a long call in an orderly way on Ctrl-C or SIGTERM: closes the connection, upon which the daemon cancels the
/// work, and lets the command clean up.
enum Interruption {
    /// Runs a body; a signal closes the client's connection and replaces the body's error by a failure with `notice`.
    static func guarding<Result>(
        _ client: VarlinkClient, notice: String, _ body: () async throws -> Result
    ) async throws -> Result {
        let watch = SignalWatch { await client.close() }
        defer { watch.end() }
        do {
            return try await body()
        } catch {
            guard let signal = watch.received else { throw error }
            throw Failure(
                name: "Interrupted", message: notice,
                remedy: .type("sglorad-ctl status", to: "see what the daemon does now"),
                status: signal == SIGTERM ? .terminated : .interrupted)
        }
    }
}

/// Watches for SIGINT and SIGTERM during a long call; a second signal ends the process immediately.
private final class SignalWatch: Sendable {
    private static let signals = [SIGINT, SIGTERM]

    private let state = Mutex<(received: Int32?, sources: [any DispatchSourceSignal])>((nil, []))

    /// The first signal received, if any.
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

    /// Restores the signals' default actions.
    func end() {
        state.withLock { state in
            for source in state.sources { source.cancel() }
            state.sources = []
        }
        for number in Self.signals { signal(number, SIG_DFL) }
    }
}

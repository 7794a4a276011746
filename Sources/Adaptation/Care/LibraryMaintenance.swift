internal import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Files
internal import Logging
internal import ServiceLifecycle

/// Examines what the start has left, evicts adapters every minute, and verifies everything soon after the start and then
/// periodically.
struct LibraryMaintenance: Service {
    static let pause = Duration.seconds(60)
    /// What the start has left waits this long.
    static let briefly = Duration.seconds(2)
    /// The first verification waits this long after the start, so that it does not slow down the first
    /// requests.
    static let grace = Duration.seconds(120)

    let inspector: LibraryInspector
    let verifyEvery: Duration
    let board: HealthBoard
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // The first requests after the start come first.
            try? await Task.sleep(for: Self.briefly)
            await attempt("cache-examination") { () throws(SgloradError) in try await inspector.examine() }
            var nextVerification = ContinuousClock.now + Self.grace
            while !Task.isCancelled {
                try? await inspector.pool.run { [state = inspector.store.state] in DiskReserve(state).ensure()
                }
                await attempt("cache-eviction") { () throws(SgloradError) in _ = try await inspector.evict() }
                if verifyEvery > .zero, ContinuousClock.now >= nextVerification {
                    await attempt("cache-verification") { () throws(SgloradError) in
                        _ = try await inspector.verify(repairing: true)
                    }
                    nextVerification = ContinuousClock.now + verifyEvery
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    private func attempt(_ name: String, _ body: () async throws(SgloradError) -> Void) async {
        do throws(SgloradError) {
            try await body()
            board.clear(name)
        } catch {
            // A cancellation only means that the daemon is stopping.
            guard error.code != .cancelled, !Task.isCancelled else { return }
            logger.error("\(name) failed", metadata: ["error": "\(error)"])
            board.report(name, error, remedy: "Fix the cause; the daemon retries every minute.")
        }
    }
}

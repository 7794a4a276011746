internal import Executors
internal import ServiceLifecycle
internal import Spool

/// Runs the spool until the daemon stops: takes in files when they arrive, delivers results when requests
/// end, and does both at least once a minute.
struct SpoolService: Service {
    /// The interval of full scans, in case inotify missed an event.
    private static let rescan = Duration.seconds(60)
    /// The delay before retrying files that wait for queue space or are still being written.
    private static let again = Duration.milliseconds(500)

    let exchange: SpoolExchange
    /// Rings when a request has reached a final state.
    let endings: Bell

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await takeIn() }
                group.addTask {
                    for await _ in endings.rings { await exchange.deliver() }
                }
                group.addTask {
                    while !Task.isCancelled {
                        await exchange.age()
                        exchange.arrivals.ring()
                        endings.ring()
                        try? await Task.sleep(for: Self.rescan)
                    }
                }
            }
        }
    }

    /// Takes in files whenever some arrive, and again after a moment while some wait.
    ///
    /// Those that arrive meanwhile do not wait for the moment to pass.
    private func takeIn() async {
        var reminder: Task<Void, Never>?
        for await _ in exchange.arrivals.rings {
            reminder?.cancel()
            reminder = nil
            switch await exchange.takeIn() {
            case .none: break
            case .immediately: exchange.arrivals.ring()
            case .soon:
                reminder = Task {
                    guard (try? await Task.sleep(for: Self.again)) != nil else { return }
                    exchange.arrivals.ring()
                }
            }
        }
        reminder?.cancel()
    }
}

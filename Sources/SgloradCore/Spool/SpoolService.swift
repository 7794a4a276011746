internal import IntentQueue
internal import ServiceLifecycle

/// Serves the spool until the daemon stops: takes in whenever something came, and at least once a minute; delivers whenever
/// a request has ended.
struct SpoolService: Service {
    /// How often the spool is looked through, whatever inotify says.
    private static let rescan = Duration.seconds(60)
    /// How soon files are looked at again that wait for room, or for their writers.
    private static let again = Duration.milliseconds(500)

    let keeper: SpoolKeeper
    let queue: IntentQueue

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    for await _ in keeper.arrivals.rings {
                        guard await keeper.takeIn() else { continue }
                        try? await Task.sleep(for: Self.again)
                        keeper.arrivals.ring()
                    }
                }
                group.addTask {
                    for await _ in queue.endings.rings { await keeper.deliver() }
                }
                group.addTask {
                    while !Task.isCancelled {
                        await keeper.age()
                        keeper.arrivals.ring()
                        queue.endings.ring()
                        try? await Task.sleep(for: Self.rescan)
                    }
                }
            }
        }
    }
}

internal import Synchronization
internal import Varlink

/// Closes a connection when its time is over.
///
/// The call that waits on the connection then fails, and `hasPassed` says why.
struct Deadline: Sendable {
    /// Set once, by the timer.
    private final class Flag: Sendable {
        let value = Atomic<Bool>(false)
    }

    private let flag = Flag()
    private let timer: Task<Void, Never>?

    /// Starts the clock.
    ///
    /// - Parameters:
    ///   - limit: how long the connection may stay open; nil for ever.
    ///   - connection: what is closed afterwards.
    init(_ limit: Duration?, closing connection: VarlinkClient) {
        guard let limit else {
            timer = nil
            return
        }
        timer = Task { [flag, weak connection] in
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            flag.value.store(true, ordering: .relaxed)
            await connection?.close()
        }
    }

    /// Whether the connection was closed because its time was over.
    var hasPassed: Bool { flag.value.load(ordering: .relaxed) }

    /// Stops the clock.
    func end() { timer?.cancel() }
}

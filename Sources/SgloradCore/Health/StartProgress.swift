internal import Synchronization
internal import SystemdIntegration

/// Asks the service manager for more time while starting makes progress, such as the recovery of many requests.
final class StartProgress: Sendable {
    /// How much time is asked for, counted from each step.
    static let grant = Duration.seconds(60)

    private let notifier: Notifier
    private let last = Mutex<SuspendingClock.Instant?>(nil)

    init(_ notifier: Notifier) {
        self.notifier = notifier
    }

    /// Says what is begun, in words for a person.
    func begin(_ what: String) {
        notifier.status(what)
        step()
    }

    /// Says that there was progress; as often as one likes, the manager hears of it once a second.
    func step() {
        let now = SuspendingClock.now
        let isDue = last.withLock { last in
            if let before = last, now - before < .seconds(1) { return false }
            last = now
            return true
        }
        if isDue { notifier.extendTimeout(Self.grant) }
    }
}

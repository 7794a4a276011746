internal import Adaptation
internal import Synchronization
internal import SystemdIntegration

/// Extends the service manager's start timeout while start-up makes progress, such as recovering many
/// requests.
final class StartProgress: StartObserver {
    /// The extension requested at each step.
    static let grant = Duration.seconds(60)

    private let notifier: Notifier
    private let last = Mutex<SuspendingClock.Instant?>(nil)

    init(_ notifier: Notifier) {
        self.notifier = notifier
    }

    /// Reports the start of a step; the text appears in `systemctl status`.
    func begin(_ what: String) {
        notifier.status(what)
        step()
    }

    /// Reports progress; notifies the manager at most once a second.
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

/// The line that `systemctl status` shows: what the daemon is doing, and what is degraded.
final class StatusLine: Sendable {
    private struct State {
        var phase = "Starting"
        var trouble: String?
    }

    private let notifier: Notifier
    private let state = Mutex(State())

    init(_ notifier: Notifier) {
        self.notifier = notifier
    }

    /// Sets what the daemon is doing.
    func phase(_ phase: String) {
        say { $0.phase = phase }
    }

    /// Sets what is degraded; nil for nothing.
    func trouble(_ trouble: String?) {
        say { $0.trouble = trouble }
    }

    private func say(_ change: (inout State) -> Void) {
        notifier.status(
            state.withLock { state in
                change(&state)
                return state.trouble.map { "\(state.phase), degraded: \($0)" } ?? state.phase
            })
    }
}

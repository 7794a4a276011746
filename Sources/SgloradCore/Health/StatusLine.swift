internal import Synchronization
internal import SystemdIntegration

/// The one line that `systemctl status` shows: what the daemon is doing, or what keeps it from doing all of it.
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

    /// Says what the daemon is doing.
    func phase(_ phase: String) {
        say { $0.phase = phase }
    }

    /// Says what is wrong; nil when nothing is any more.
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

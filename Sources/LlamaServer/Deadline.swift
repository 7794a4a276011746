internal import Glibc

/// The end of the time that a call may take.
struct Deadline: Sendable {
    /// The time for the whole call, in seconds.
    let seconds: Double
    private let end: ContinuousClock.Instant

    init(seconds: Double) {
        self.seconds = seconds
        end = .now + .seconds(seconds)
    }

    /// The milliseconds that are left, rounded up, as `poll` takes them; 0 if the time is over.
    var milliseconds: Int32 {
        let left = (end - .now) / .milliseconds(1)
        return left <= 0 ? 0 : Int32(min(left.rounded(.up), 86_400_000))
    }

    /// Waits until a descriptor is ready for `events`.
    ///
    /// - Returns: false if the time is over; an error of the descriptor counts as ready, and shows at its next use.
    func waits(for descriptor: Int32, _ events: Int32) -> Bool {
        while true {
            let left = milliseconds
            var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let count = poll(&polled, 1, left)
            if count > 0 || (count < 0 && errno != EINTR) { return true }
            if left == 0 { return false }
        }
    }
}

internal import NIOCore

/// Watches whether the other side takes what it is sent: a byte now and then is enough.
///
/// Lives on its channel's event loop. While nothing waits to be taken, no timer runs.
final class WriteWatch {
    private let patience: TimeAmount?
    private var waiting = 0
    private var lastProgress = NIODeadline.now()
    private var lastBuffered = 0
    private var timer: Scheduled<Void>?

    /// Makes a watch.
    ///
    /// - Parameter patience: how long the other side may take nothing; nil for ever.
    init(patience: TimeAmount?) {
        self.patience = patience
    }

    /// Says that a message is handed to the channel.
    ///
    /// - Parameters:
    ///   - written: done when the kernel has taken it.
    ///   - channel: where it is written.
    ///   - stalled: called when the other side has taken nothing for too long.
    func begin(_ written: EventLoopFuture<Void>, on channel: any Channel, stalled: @escaping () -> Void) {
        guard let patience else { return }
        waiting += 1
        if waiting == 1 { lastProgress = .now() }
        written.assumeIsolated().whenComplete { [weak self] _ in
            self?.waiting -= 1
            self?.lastProgress = .now()
        }
        if timer == nil { schedule(patience, channel, stalled) }
    }

    /// Ends the watch.
    func stop() {
        timer?.cancel()
        timer = nil
    }

    private func schedule(_ patience: TimeAmount, _ channel: any Channel, _ stalled: @escaping () -> Void) {
        // How much was taken is looked up a few times within the time that is allowed.
        let step = TimeAmount.nanoseconds(patience.nanoseconds / 4)
        timer = channel.eventLoop.assumeIsolated().scheduleTask(in: step) { [weak self] in
            guard let self else { return }
            timer = nil
            guard waiting > 0 else { return }
            let buffered = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
            if buffered != lastBuffered {
                lastBuffered = buffered
                lastProgress = .now()
            }
            if NIODeadline.now() - lastProgress >= patience {
                stalled()
            } else {
                schedule(patience, channel, stalled)
            }
        }
    }
}

internal import NIOCore

/// Detects a peer that reads nothing of what it is sent.
///
/// Any progress, however slow, is enough.
///
/// It lives on its channel's event loop. No timer runs while nothing waits to be read.
final class WriteWatch {
    private let patience: TimeAmount?
    private var waiting = 0
    private var lastProgress = NIODeadline.now()
    private var lastBuffered = 0
    private var timer: Scheduled<Void>?

    /// - Parameter patience: how long the peer may read nothing; nil for ever.
    init(patience: TimeAmount?) {
        self.patience = patience
    }

    /// Starts watching a message that is written to the channel.
    ///
    /// - Parameters:
    ///   - written: succeeds when the kernel has accepted it.
    ///   - channel: the channel it is written to.
    ///   - stalled: called when the peer has read nothing for too long.
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

    /// Stops watching.
    func stop() {
        timer?.cancel()
        timer = nil
    }

    private func schedule(_ patience: TimeAmount, _ channel: any Channel, _ stalled: @escaping () -> Void) {
        // Progress is checked a few times within the limit.
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

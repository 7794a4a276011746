internal import CProcess
internal import ErrorModel
internal import Foundation
internal import Glibc
internal import ServiceLifecycle
internal import Synchronization

/// SIGTERM and SIGINT, from the assembly of the daemon to its end.
///
/// Before the daemon opens anything, a signal ends the process at once with status 0; the C module `CProcess` sees
/// to that before Swift's runtime starts. From then on this object receives the signals. During the start they are
/// noted: the start ends at its next step, or after `patience` wherever it is, since a start that is cut
/// off leaves the state of a crash, which the next one recovers from. Later they end this service, and with it, in
/// order, the group of services.
final class StopSignals: Service {
    private enum Phase { case starting, stopping, serving }

    /// A signal arrived during the start.
    struct Requested: Error {}

    private let phase = Mutex(Phase.starting)
    private let signals: AsyncStream<Void>
    private let arrivals: AsyncStream<Void>.Continuation

    /// Begins to receive the signals.
    ///
    /// - Parameters:
    ///   - patience: how long the rest of the start may take after a signal.
    ///   - exit: ends the process with a status, without waiting for its threads.
    /// - Throws: `internal` if there is no free file descriptor.
    init(
        patience: Duration = .milliseconds(1900), exit: @escaping @Sendable (Int32) -> Void = { _exit($0) }
    ) throws(SgloradError) {
        (signals, arrivals) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let descriptor = sglorad_watch_stop_signals()
        guard descriptor >= 0 else {
            throw .internal("SIGTERM cannot be watched: \(String(cString: strerror(errno)))")
        }
        // A thread of its own, because the start may occupy all threads of the pool.
        Thread.detachNewThread { [self] in
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) == 1 {
                arrivals.yield()
                let isStart = phase.withLock { phase in
                    defer { if phase == .starting { phase = .stopping } }
                    return phase == .starting
                }
                guard isStart else { continue }
                Thread.detachNewThread { [self] in
                    Thread.sleep(forTimeInterval: patience / .seconds(1))
                    if phase.withLock({ $0 == .stopping }) { exit(0) }
                }
            }
        }
    }

    /// Ends the start if a signal has arrived.
    ///
    /// - Throws: `Requested`.
    func check() throws(Requested) {
        if phase.withLock({ $0 == .stopping }) { throw Requested() }
    }

    /// Ends the start: this service, once it runs, ends with the next signal or with one that has arrived already.
    func endStart() { phase.withLock { $0 = .serving } }

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() { return }
    }
}

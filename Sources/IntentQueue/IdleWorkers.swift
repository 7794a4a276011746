internal import Foundation

/// The workers that wait for a request to be queued.
///
/// A wake-up is never lost: a worker reads ``wakeCount``, looks into the database, and parks only where the count is still
/// the same. Invariant: a parked continuation is resumed exactly once, by ``wake()`` or by ``unpark(_:)``.
struct IdleWorkers: Sendable {
    /// How many times ``wake()`` was called.
    private(set) var wakeCount = 0
    private var parked: [UUID: CheckedContinuation<Void, Never>] = [:]

    /// Lets a worker wait.
    ///
    /// - Parameters:
    ///   - key: names this wait alone.
    ///   - continuation: resumed when there may be work, or the wait is ended.
    mutating func park(_ key: UUID, _ continuation: CheckedContinuation<Void, Never>) {
        parked[key] = continuation
    }

    /// Ends one wait, if it has not ended yet.
    mutating func unpark(_ key: UUID) {
        parked.removeValue(forKey: key)?.resume()
    }

    /// Ends every wait, because there may be work.
    mutating func wake() {
        wakeCount += 1
        for continuation in parked.values { continuation.resume() }
        parked = [:]
    }

    /// How many workers wait.
    var count: Int { parked.count }
}

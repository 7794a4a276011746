public import ErrorModel
internal import Files
internal import GRDB
internal import Storage

/// The expiry of leases, and the requeueing of running requests.
///
/// ``LeaseTable`` holds the deadlines. A worker extends its lease with each report of a stage (``report(_:_:)``). Leases are
/// checked whenever a worker takes a request, and in every ``sweep()``. After a restart no lease is left: opening the queue
/// requeues what was running.
extension RequestQueue {
    /// Requeues the requests of workers that have been silent for longer than ``QueueOptions/lease``.
    ///
    /// The attempt stays counted. A worker that reports later learns that it has ``LeaseStanding/lost`` its lease.
    func expireLeases() async throws(SgloradError) {
        for lease in leases.expired(at: time.uptime) {
            if try await !requeue(lease) { leases.release(lease) }
        }
    }

    /// Puts a running request back into the queue, in its old place: its worker has stopped or is about to.
    ///
    /// A request whose cancellation was requested becomes `cancelled` instead.
    ///
    /// - Parameters:
    ///   - lease: the worker's.
    ///   - countingAttempt: false where the request is not to blame, such as when the daemon stops.
    /// - Returns: false where the lease was lost; nothing has changed then.
    @discardableResult
    public func requeue(_ lease: Lease, countingAttempt: Bool = true) async throws(SgloradError) -> Bool {
        if countingAttempt { (mayHoldBegun, requeues) = (true, requeues + 1) }
        return try await end(lease) { db, record, moment, retains in
            try record.requeue(db, countingAttempt: countingAttempt, at: moment, retainingText: retains)
        }
    }
}

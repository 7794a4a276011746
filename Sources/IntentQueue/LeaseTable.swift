internal import Files

/// A worker's right to a request.
///
/// The token is a fencing token: a worker whose lease has expired holds an old one, and nothing it reports changes the
/// request.
public struct Lease: Sendable, Hashable {
    /// The request's identifier.
    public let request: String
    /// The fencing token, new each time the request is taken.
    public let token: String

    public init(request: String, token: String) {
        self.request = request
        self.token = token
    }

    /// A token that no other lease has.
    static func newToken() -> String { Path.uniqueName() + Path.uniqueName() }
}

/// What a worker learns when it reports its progress.
public enum LeaseStanding: Sendable, Hashable {
    /// The lease holds; carry on.
    case held
    /// The request was cancelled; end it as `cancelled`.
    case cancelRequested
    /// The lease has expired or is another worker's; stop.
    case lost
}

/// A request that a worker has taken.
public struct TakenRequest: Sendable, Hashable {
    public let request: QueuedRequest
    /// What is wanted.
    public let intent: QueuedIntent
    /// The right to end the request.
    public let lease: Lease
}

/// The leases of this process, with their deadlines.
///
/// The database decides which token is valid; this table keeps only deadlines and stages.
///
/// Invariants:
/// - A request has at most one lease here, the last one granted.
/// - A deadline is ``duration`` after the grant or the last renewal, in uptime, which never goes back.
/// - A request can be cancelled after it was taken and before ``grant(_:_:at:)``. The cancellation is kept until `grant`.
///   One meant for an older lease is ignored.
struct LeaseTable: Sendable {
    private struct Holding {
        let lease: Lease
        var deadline: Duration
        var request: QueuedRequest
    }

    /// How long a worker may be silent.
    let duration: Duration
    private var holdings: [String: Holding] = [:]
    /// The cancelled leases that have not been granted yet, by request.
    private var cancelledBeforeGrant: [String: Lease] = [:]

    init(duration: Duration) {
        self.duration = duration
    }

    /// Adds the lease of a request that has just been taken.
    ///
    /// It replaces an earlier lease of the request.
    ///
    /// - Returns: the request, marked as cancelled if it has been cancelled since it was taken.
    mutating func grant(_ lease: Lease, _ request: QueuedRequest, at uptime: Duration) -> QueuedRequest {
        var request = request
        if cancelledBeforeGrant.removeValue(forKey: lease.request) == lease {
            request.isCancelRequested = true
        }
        holdings[lease.request] = Holding(lease: lease, deadline: uptime + duration, request: request)
        return request
    }

    /// Records a stage and extends the lease.
    ///
    /// - Returns: the request as it is now; nil where the lease has been replaced or released.
    mutating func renew(_ lease: Lease, stage: RequestStage, at uptime: Duration) -> QueuedRequest? {
        guard var holding = holdings[lease.request], holding.lease == lease else { return nil }
        holding.deadline = uptime + duration
        holding.request.stage = stage
        holdings[lease.request] = holding
        return holding.request
    }

    /// Marks a lease's request as cancelled, so that its worker learns of it at its next renewal.
    mutating func requestCancellation(_ lease: Lease) {
        if holdings[lease.request]?.lease == lease {
            holdings[lease.request]?.request.isCancelRequested = true
        } else {
            cancelledBeforeGrant[lease.request] = lease
        }
    }

    /// Forgets a lease that has ended, but not a later one of the same request.
    mutating func release(_ lease: Lease) {
        if holdings[lease.request]?.lease == lease { holdings[lease.request] = nil }
        if cancelledBeforeGrant[lease.request] == lease { cancelledBeforeGrant[lease.request] = nil }
    }

    /// The leases whose deadline has passed; `RequestQueue.expireLeases` requeues them.
    func expired(at uptime: Duration) -> [Lease] {
        holdings.values.filter { $0.deadline <= uptime }.map(\.lease)
    }

    /// The stage of a running request; nil before its worker's first report.
    func stage(of request: String) -> RequestStage? { holdings[request]?.request.stage }
}

internal import DurableStorage

/// A worker's right to a request: whoever holds another token, or none, changes nothing.
public struct Lease: Sendable, Hashable {
    /// The request.
    public let request: String
    /// Drawn anew each time that a request is taken.
    public let token: String

    /// Makes a lease.
    public init(request: String, token: String) {
        self.request = request
        self.token = token
    }

    /// A token that no other lease has.
    static func newToken() -> String { DurableFile.uniqueName() + DurableFile.uniqueName() }
}

/// What a worker learns when it says how far it is.
public enum LeaseStanding: Sendable, Hashable {
    /// The request is the worker's, and wanted.
    case held
    /// Somebody called the request off; the worker ends it as `cancelled`.
    case calledOff
    /// The lease ran out and the request is another's.
    case lost
}

/// A request that a worker has taken.
public struct TakenRequest: Sendable, Hashable {
    /// The request.
    public let request: QueuedRequest
    /// What is to be done.
    public let intent: QueuedIntent
    /// The right to end it.
    public let lease: Lease
}

internal import ControlProtocol
internal import Synchronization

/// The policy that holds now; a reload sets another one, which counts from the next call.
final class Access: Sendable {
    private let current: Mutex<AccessPolicy>

    init(_ policy: AccessPolicy) {
        current = Mutex(policy)
    }

    var policy: AccessPolicy {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// What a peer may do.
    func standing(of peer: Peer) -> AccessPolicy.Standing { policy.standing(of: peer) }
}

/// What a ``VarlinkServer`` is told about its peers, beyond their credentials.
public struct PeerRules: Sendable {
    /// The account that a user ID's connections, calls and memory are counted under.
    ///
    /// It must be quick and must not block.
    public var account: @Sendable (_ uid: UInt32) -> UInt32
    /// Whether a peer may use what is reserved for administrators.
    ///
    /// It must be quick and must not block.
    public var isAdministrator: @Sendable (Peer) -> Bool

    /// Creates rules; by default each user ID is an account, and root alone is an administrator.
    public init(
        account: @escaping @Sendable (_ uid: UInt32) -> UInt32 = { $0 },
        isAdministrator: @escaping @Sendable (Peer) -> Bool = { $0.uid == 0 }
    ) {
        self.account = account
        self.isAdministrator = isAdministrator
    }
}

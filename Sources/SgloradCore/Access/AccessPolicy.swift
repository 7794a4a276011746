internal import ControlProtocol

/// Who may do what, as groups and users stood when it was made.
struct AccessPolicy: Sendable, Hashable {
    /// What a peer may do; each may do what those before it may.
    enum Standing: Int, Comparable {
        /// Nothing but ask what is served here.
        case stranger
        /// Make requests, and see and erase its own.
        case user
        /// See and change everything.
        case administrator

        static func < (one: Standing, other: Standing) -> Bool { one.rawValue < other.rawValue }
    }

    /// The user that the daemon runs as.
    let own: UInt32
    /// The group of users; nil where there is none, and then nobody is in it.
    let users: UInt32?
    /// The group of administrators; nil where there is none.
    let administrators: UInt32?

    /// What the kernel says in place of every user and group that it cannot name, as in a user namespace.
    static let unnamed: UInt32 = 65_534

    /// What a peer may do.
    func standing(of peer: Peer) -> Standing {
        // It may be anybody, and what is whose could not be told apart.
        guard peer.uid != Self.unnamed else { return .stranger }
        if peer.uid == 0 || peer.uid == own { return .administrator }
        if let administrators, peer.isMember(of: administrators) { return .administrator }
        if let users, peer.isMember(of: users) { return .user }
        return .stranger
    }
}

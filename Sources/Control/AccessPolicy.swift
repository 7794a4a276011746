internal import Adaptation
package import ErrorModel
package import Files
internal import Foundation
package import Logging
internal import Synchronization
package import Varlink

/// Maps peer credentials, as the kernel reports them, to standings; `MethodPermissions.swift` says what a standing may call.
///
/// Group names are resolved when the policy is created; a reload creates a new one.
package struct AccessPolicy: Sendable, Hashable {
    /// The user that the daemon runs as.
    package let own: UInt32
    /// The group of users; nil if it does not exist, and then nobody is a user.
    package let users: UInt32?
    /// The group of administrators; nil if it does not exist.
    package let administrators: UInt32?

    /// The overflow ID, which the kernel reports for users and groups that have no mapping in a user
    /// namespace.
    static let unnamed: UInt32 = 65_534

    /// The standing of a peer.
    func standing(of peer: Peer) -> Standing {
        // Unmapped users all share this ID, so they cannot be told apart.
        guard peer.uid != Self.unnamed else { return .anybody }
        if peer.uid == 0 || peer.uid == own { return .administrator }
        if let administrators, peer.isMember(of: administrators) { return .administrator }
        if let users, peer.isMember(of: users) { return .user }
        return .anybody
    }
}

extension AccessPolicy {
    /// Resolves the groups; logs those that do not exist.
    ///
    /// - Throws: `invalidRequest` for a reserved group number.
    package init(users: String, administrators: String, logger: Logger) throws(SgloradError) {
        own = geteuid()
        self.users = try Self.group(users, key: "access.users", logger)
        self.administrators = try Self.group(administrators, key: "access.administrators", logger)
    }

    /// The number of the group in a configuration key; nil, with a log entry, if it cannot be resolved.
    ///
    /// - Throws: `invalidRequest` for a reserved group number.
    package static func group(_ name: String, key: String, _ logger: Logger) throws(SgloradError) -> UInt32? {
        let found: UInt32?
        if let number = UInt32(name) {
            found = number
        } else {
            switch GroupLookup(name).resolve() {
            case .found(let number): found = number
            case .absent:
                found = nil
                logger.notice(
                    "no such group; only root and the daemon's own user have its rights",
                    metadata: ["key": "\(key)", "group": "\(name)"])
            case .failed(let reason):
                found = nil
                logger.warning(
                    "group lookup failed; nobody has its rights",
                    metadata: ["key": "\(key)", "group": "\(name)", "reason": "\(reason)"])
            }
        }
        // Supplementary membership of group 0 is not reported, and 65534 stands for every unmapped group.
        guard found != 0, found != unnamed, found != .max else {
            throw .invalidRequest(
                field: key, reason: "is '\(name)'; it must be a dedicated group, not root's or nobody's")
        }
        return found
    }
}

/// The current policy, and the accounts that users are counted under; a reload replaces the policy with effect from the next
/// call.
package final class Access: Sendable {
    private let current: Mutex<AccessPolicy>
    private let accounts: UserAccounts

    package init(_ policy: AccessPolicy, accounts: UserAccounts) {
        current = Mutex(policy)
        self.accounts = accounts
    }

    package var policy: AccessPolicy {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// The standing of a peer under the current policy.
    func standing(of peer: Peer) -> Standing { policy.standing(of: peer) }

    /// How the server counts connections, calls and memory: by account, with a reserve for administrators.
    package var peers: PeerRules {
        PeerRules(
            account: { [accounts] uid in accounts.account(of: UserID(uid)).rawValue },
            isAdministrator: { [self] peer in standing(of: peer) == .administrator })
    }

    /// The caller, from the peer's credentials.
    func caller(_ peer: Peer) -> Caller {
        let uid = UserID(peer.uid)
        return Caller(
            uid: uid, account: accounts.account(of: uid),
            isAdministrator: standing(of: peer) == .administrator)
    }
}

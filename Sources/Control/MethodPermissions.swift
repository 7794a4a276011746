internal import SgloradInterface
internal import Varlink

/// What a peer may do: the methods of its standing and of those below it.
///
/// `AccessPolicy` says which standing a peer has; the table below, which standing a method requires.
enum Standing: Int, Comparable, Sendable {
    /// Anybody who can open the socket: may only call `org.varlink.service`.
    case anybody
    /// A member of `access.users`: makes requests, and sees and erases their own.
    case user
    /// Root, the daemon's own user, or a member of `access.administrators`: sees and changes everything.
    case administrator

    static func < (one: Standing, other: Standing) -> Bool { one.rawValue < other.rawValue }
}

extension Methods.Name {
    /// The standing required to call the method.
    var standing: Standing {
        switch self {
        // Requests
        case .request, .submit, .getRequest, .listRequests: .user
        case .cancelRequest, .retryRequest, .forget: .user
        // Guidance
        case .explain, .encode: .user
        // Published adapters
        case .listAdapters, .getAdapter, .readAdapter, .pinAdapter, .removeAdapter: .user
        case .publishAdapter, .unpublishAdapter: .user
        // Base models and experts
        case .listBases, .listExperts, .getExpert: .user
        case .addBase, .removeBase, .renameBase, .uploadFile, .importExpert, .removeExpert: .administrator
        // Generators
        case .listGenerators, .getGenerator: .user
        case .trainGenerator, .cancelTraining, .evaluateGenerator: .administrator
        case .exportGenerator, .importGenerator, .removeGenerator: .administrator
        // The cache of adapters
        case .cacheStatistics: .user
        case .verifyCache, .evictCache: .administrator
        // Health
        case .status, .monitor, .metrics: .user
        }
    }

    /// Authorises a call by its peer's credentials.
    ///
    /// - Parameters:
    ///   - name: the method; nil for an unknown one, which also requires a user's standing, so that strangers
    ///     cannot probe for methods.
    ///   - peer: the calling peer.
    ///   - access: the access policy.
    /// - Throws: `org.varlink.service.PermissionDenied`.
    static func authorise(_ name: Methods.Name?, _ peer: Peer, _ access: Access) throws(VarlinkError) {
        guard access.standing(of: peer) >= name?.standing ?? .user else { throw .permissionDenied }
    }
}

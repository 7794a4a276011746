/// What a ``VarlinkServer`` has counted since it was made.
public struct ServerCounters: Sendable, Hashable {
    /// Nothing was counted yet.
    public init() {}

    /// Connections that are open now.
    public internal(set) var openConnections = 0
    /// Connections that were let in.
    public internal(set) var acceptedConnections = 0
    /// Connections closed at once because too many were open, in all or for one user.
    public internal(set) var refusedConnections = 0
    /// Calls answered with `Busy` because their replies would have taken more memory than is left for what nobody reads.
    public internal(set) var crowdedReplies = 0
    /// Connections closed because what they sent was not a varlink call.
    public internal(set) var malformedMessages = 0
    /// Connections closed because a message was too long.
    public internal(set) var oversizedMessages = 0
    /// Connections closed because a message stayed half sent.
    public internal(set) var idleMessages = 0
    /// Connections closed because their messages would have taken more memory than is left for them.
    public internal(set) var crowdedMessages = 0
    /// Connections closed because what they were sent was not taken.
    public internal(set) var unreadReplies = 0
    /// Calls that are being answered now.
    public internal(set) var callsInFlight = 0
    /// Calls answered with `Busy` because too many were in flight, in all or for one user.
    public internal(set) var refusedCalls = 0
    /// Calls that were begun.
    public internal(set) var calls = 0
    /// Calls that ended with `PermissionDenied`.
    public internal(set) var deniedCalls = 0
    /// Calls that ended with an error reply.
    public internal(set) var failedCalls = 0
}

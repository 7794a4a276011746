/// What a ``VarlinkServer`` puts up with.
public struct ServerLimits: Sendable, Hashable {
    /// The longest message in bytes, in either direction.
    public var messageLength: Int
    /// How many connections may be open at once.
    public var connections: Int
    /// How many of them may belong to one user.
    public var connectionsPerUser: Int
    /// How many calls may be in flight at once; those of `org.varlink.service` do not count.
    public var calls: Int
    /// How many of them may be one user's.
    public var callsPerUser: Int
    /// How many connections and calls root may have beyond the totals, so that an operator can look at a crowded server.
    public var reservedForRoot: Int
    /// How many bytes all messages together may take that arrive, wait, are being answered, or wait to be read.
    public var messageMemory: Int
    /// How many of them may be one user's; at least twice the longest message, which grows by doubling.
    public var messageMemoryPerUser: Int
    /// How long a message may lie half sent with nothing arriving, while the server waits for it.
    public var halfMessage: Duration
    /// How long a peer may take nothing of a reply that waits for it.
    public var unreadReply: Duration
    /// How long calls in flight may still take after a shutdown has begun.
    public var drain: Duration

    /// Makes limits; the defaults are those of the design.
    public init(
        messageLength: Int = 16 << 20, connections: Int = 2048, connectionsPerUser: Int = 512,
        calls: Int = 1024, callsPerUser: Int = 256, reservedForRoot: Int = 0,
        messageMemory: Int = 512 << 20, messageMemoryPerUser: Int = 128 << 20,
        halfMessage: Duration = .seconds(45),
        unreadReply: Duration = .seconds(45), drain: Duration = .seconds(1)
    ) {
        self.messageLength = messageLength
        self.connections = connections
        self.connectionsPerUser = connectionsPerUser
        self.calls = calls
        self.callsPerUser = callsPerUser
        self.reservedForRoot = reservedForRoot
        self.messageMemory = messageMemory
        self.messageMemoryPerUser = messageMemoryPerUser
        self.halfMessage = halfMessage
        self.unreadReply = unreadReply
        self.drain = drain
    }
}

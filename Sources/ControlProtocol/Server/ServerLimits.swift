/// What a ``VarlinkServer`` puts up with.
public struct ServerLimits: Sendable, Hashable {
    /// The longest message in bytes, in either direction.
    public var messageLength: Int
    /// How many connections may be open at once.
    public var connections: Int
    /// How many of them may belong to one user.
    public var connectionsPerUser: Int
    /// How long a message may lie half sent with nothing arriving, while the server waits for it.
    public var halfMessage: Duration
    /// How long calls in flight may still take after a shutdown has begun.
    public var drain: Duration

    /// Makes limits; the defaults are those of the design.
    public init(
        messageLength: Int = 16 << 20, connections: Int = 2048, connectionsPerUser: Int = 512,
        halfMessage: Duration = .seconds(45), drain: Duration = .seconds(1)
    ) {
        self.messageLength = messageLength
        self.connections = connections
        self.connectionsPerUser = connectionsPerUser
        self.halfMessage = halfMessage
        self.drain = drain
    }
}

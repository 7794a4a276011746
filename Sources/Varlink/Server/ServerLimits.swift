/// The limits of a ``VarlinkServer``.
///
/// A *user* is an account as ``PeerRules/account`` says.
public struct ServerLimits: Sendable, Hashable {
    /// The maximum length of a message in bytes, in either direction.
    public var messageLength: Int
    /// The maximum number of JSON elements of a received message: values, keys, and ends of objects and arrays.
    public var messageElements: Int
    /// The maximum number of open connections.
    ///
    /// When it is reached, a connection of the user with the most is closed for one of a user with fewer.
    public var connections: Int
    /// The maximum number of open connections of one user.
    public var connectionsPerUser: Int
    /// The maximum number of calls in flight; calls of `org.varlink.service` do not count.
    ///
    /// A user may have at most as many as remain free, and one in any case, so that some always do.
    public var calls: Int
    /// The maximum number of calls in flight of one user.
    public var callsPerUser: Int
    /// How many connections and calls administrators may have beyond the totals, so that they can inspect a
    /// crowded server.
    public var reservedForAdministrators: Int
    /// The maximum size in bytes of all messages that arrive, wait, are decoded and handled, or wait to be read.
    ///
    /// A user may take at most as much as remains free, so that some always does.
    public var messageMemory: Int
    /// The same for the messages of one user.
    ///
    /// At least twice the length of a message, whose buffer grows by doubling.
    public var messageMemoryPerUser: Int
    /// How long the server waits for the next byte of a message that is half sent.
    public var halfMessage: Duration
    /// How long the server waits for a peer to read any part of a reply.
    public var unreadReply: Duration
    /// How long calls in flight may take after a shutdown has begun.
    public var drain: Duration

    public init(
        messageLength: Int = 16 << 20, messageElements: Int = 1 << 18, connections: Int = 2048,
        connectionsPerUser: Int = 512, calls: Int = 1024, callsPerUser: Int = 256,
        reservedForAdministrators: Int = 0, messageMemory: Int = 160 << 20,
        messageMemoryPerUser: Int = 80 << 20, halfMessage: Duration = .seconds(45),
        unreadReply: Duration = .seconds(45), drain: Duration = .seconds(1)
    ) {
        self.messageLength = messageLength
        self.messageElements = messageElements
        self.connections = connections
        self.connectionsPerUser = connectionsPerUser
        self.calls = calls
        self.callsPerUser = callsPerUser
        self.reservedForAdministrators = reservedForAdministrators
        self.messageMemory = messageMemory
        self.messageMemoryPerUser = messageMemoryPerUser
        self.halfMessage = halfMessage
        self.unreadReply = unreadReply
        self.drain = drain
    }
}

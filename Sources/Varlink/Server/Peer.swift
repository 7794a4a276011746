internal import NIOCore

/// The process at the other end of a connection, as the kernel recorded it when the connection was made.
public struct Peer: Sendable, Hashable {
    /// The effective user ID (`SO_PEERCRED`).
    public let uid: UInt32
    /// The effective group ID, without supplementary groups.
    public let gid: UInt32
    /// The process ID, for messages only: it may belong to another process by now.
    public let pid: Int32
    /// The supplementary group IDs (`SO_PEERGROUPS`) without group 0; empty if there are more than 4,096.
    public let groups: Set<UInt32>

    public init(uid: UInt32, gid: UInt32, pid: Int32, groups: Set<UInt32> = []) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.groups = groups
    }

    /// Whether the group is the effective group or a supplementary one.
    public func isMember(of group: UInt32) -> Bool {
        gid == group || groups.contains(group)
    }
}

/// Reads the credentials of a Unix socket's peer from the kernel.
enum PeerCredentials {
    /// The kernel's `struct ucred`, which Swift's Glibc module does not have.
    private struct Credentials: Sendable {
        let pid: Int32
        let uid: UInt32
        let gid: UInt32
    }

    /// The peer of a channel; fails if the channel is not a socket.
    static func peer(of channel: any Channel) -> EventLoopFuture<Peer> {
        guard let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        let credentials: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
            level: .socket, name: .peerCredentials)
        // Few processes are in more than 32 groups. The kernel refuses if the buffer is too short.
        let groups = groups(of: options, InlineArray<32, UInt32>.self)
            .flatMapError { _ in Self.groups(of: options, InlineArray<4_096, UInt32>.self) }
            .recover { _ in [] }
        return credentials.and(groups).map { credentials, groups in
            Peer(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid, groups: groups)
        }
    }

    /// The groups, if there are at most `count`.
    ///
    /// NIO fills the buffer with zeros and does not return how much of it the kernel wrote, so zeros are
    /// ignored.
    private static func groups<let count: Int>(
        of options: any SocketOptionProvider, _ type: InlineArray<count, UInt32>.Type
    ) -> EventLoopFuture<Set<UInt32>> {
        let buffer: EventLoopFuture<InlineArray<count, UInt32>> = options.unsafeGetSocketOption(
            level: .socket, name: .peerGroups)
        return buffer.map { buffer in
            var groups: Set<UInt32> = []
            for index in 0..<count where buffer[index] != 0 { groups.insert(buffer[index]) }
            return groups
        }
    }
}

extension NIOBSDSocket.Option {
    /// `SO_PEERCRED` of Linux.
    fileprivate static let peerCredentials = NIOBSDSocket.Option(rawValue: 17)
    /// `SO_PEERGROUPS` of Linux.
    fileprivate static let peerGroups = NIOBSDSocket.Option(rawValue: 59)
}

internal import NIOCore

/// Asks the kernel who is on the other side of a Unix socket.
enum PeerCredentials {
    /// The kernel's `struct ucred`, which the C library's Swift module leaves out.
    private struct Credentials: Sendable {
        let pid: Int32
        let uid: UInt32
        let gid: UInt32
    }

    /// The peer of a channel; fails if the channel is no socket.
    static func peer(of channel: any Channel) -> EventLoopFuture<Peer> {
        guard let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        let credentials: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
            level: .socket, name: .peerCredentials)
        // Few processes are in more than 32 groups; the kernel refuses a list that does not fit.
        let groups = groups(of: options, InlineArray<32, UInt32>.self)
            .flatMapError { _ in Self.groups(of: options, InlineArray<4_096, UInt32>.self) }
            .recover { _ in [] }
        return credentials.and(groups).map { credentials, groups in
            Peer(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid, groups: groups)
        }
    }

    /// The groups, if there are at most `count`.
    ///
    /// NIO fills the buffer with zeros first and does not tell how much of it the kernel wrote, so zeros say nothing.
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

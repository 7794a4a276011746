/// Who is on the other side of a connection, as the kernel recorded it when the connection was made.
public struct Peer: Sendable, Hashable {
    /// The effective user (`SO_PEERCRED`).
    public let uid: UInt32
    /// The effective group; supplementary groups are not part of it.
    public let gid: UInt32
    /// The process; good for messages only, for the number may have been given to another process since.
    public let pid: Int32
    /// The supplementary groups (`SO_PEERGROUPS`) without group 0; empty if there are more than 4,096.
    public let groups: Set<UInt32>

    /// Makes a peer.
    public init(uid: UInt32, gid: UInt32, pid: Int32, groups: Set<UInt32> = []) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.groups = groups
    }

    /// Whether the peer's process is in a group.
    public func isMember(of group: UInt32) -> Bool {
        gid == group || groups.contains(group)
    }
}

/// Where a server listens.
public enum ListenAddress: Sendable, Hashable {
    /// A socket file that the server makes with these permission bits, and removes when it ends. It is given to the group,
    /// where one is named and this process may.
    case path(String, mode: UInt16, group: UInt32? = nil)
    /// A listening socket that somebody else made (systemd's socket activation); its file is left alone. The server closes
    /// the descriptor.
    case descriptor(Int32)
}

public import ErrorModel
internal import Glibc

/// The listening sockets that the service manager hands over, by the protocol of sd_listen_fds(3).
public enum SocketActivation {
    /// One socket.
    public struct Socket: Sendable, Hashable {
        /// The descriptor; whoever takes it closes it.
        public let descriptor: Int32
        /// Its name: `FileDescriptorName=` of its unit, or `unknown`.
        public let name: String
    }

    /// The sockets that were handed to this process; none if it was started otherwise.
    ///
    /// They are not inherited by children.
    ///
    /// - Throws: `InvalidRequest` if one is not a listening Unix stream socket, or if `LISTEN_FDS` is no sound number.
    public static func descriptors() throws(SgloradError) -> [Socket] {
        try descriptors(in: ProcessEnvironment(), first: 3)
    }

    /// The same for an environment, with the first descriptor other than 3.
    static func descriptors(
        in environment: ProcessEnvironment, first: Int32
    ) throws(SgloradError) -> [Socket] {
        guard let owner = environment["LISTEN_PID"], let text = environment["LISTEN_FDS"] else { return [] }
        // Variables that a parent left to its children are not for them.
        guard Int32(owner) == getpid() else { return [] }
        guard let count = Int32(text), (0...256).contains(count) else {
            throw .invalidRequest(
                field: "LISTEN_FDS", reason: "must be a number from 0 to 256, not '\(text)'")
        }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        var sockets: [Socket] = []
        for index in 0..<count {
            let descriptor = first + index
            let flags = fcntl(descriptor, F_GETFD)
            guard flags >= 0, fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) >= 0 else {
                throw .invalidRequest(
                    field: "LISTEN_FDS", reason: "names the descriptor \(descriptor), which is not open")
            }
            guard option(SO_DOMAIN, of: descriptor) == AF_UNIX,
                option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
                option(SO_ACCEPTCONN, of: descriptor) == 1
            else {
                throw .invalidRequest(
                    field: "LISTEN_FDS",
                    reason: "names the descriptor \(descriptor), which is not a listening Unix stream socket."
                        + " The socket unit must use ListenStream= with a path, and Accept=no")
            }
            let name =
                Int(index) < names.count && !names[Int(index)].isEmpty ? String(names[Int(index)]) : "unknown"
            sockets.append(Socket(descriptor: descriptor, name: name))
        }
        return sockets
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}

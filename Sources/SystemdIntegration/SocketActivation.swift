public import ErrorModel
internal import Glibc

/// The listening sockets that the service manager passes, by the protocol of sd_listen_fds(3).
public enum SocketActivation {
    /// One passed socket.
    public struct Socket: Sendable, Hashable {
        /// The file descriptor, which the caller owns and must close.
        public let descriptor: Int32
        /// The name: `FileDescriptorName=` of the socket unit, or `unknown`.
        public let name: String
    }

    /// The sockets that were passed to this process; empty if it was not socket-activated.
    ///
    /// The descriptors are set close-on-exec, so that child processes do not inherit them.
    ///
    /// - Throws: `invalidRequest` if one is not a listening Unix stream socket, or if `LISTEN_FDS` is
    ///   invalid.
    public static func descriptors() throws(SgloradError) -> [Socket] {
        try descriptors(in: ProcessEnvironment(), first: 3)
    }

    /// The sockets that an environment names, from a first descriptor (3 in the protocol).
    static func descriptors(
        in environment: ProcessEnvironment, first: Int32
    ) throws(SgloradError) -> [Socket] {
        guard let owner = environment["LISTEN_PID"], let text = environment["LISTEN_FDS"] else { return [] }
        // The variables are for the process LISTEN_PID alone; its children inherit them.
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

/// Environment variables: those of this process, or given ones in tests.
struct ProcessEnvironment: Sendable {
    private let given: [String: String]?

    /// Creates the given environment, or if nil that of this process.
    init(_ given: [String: String]? = nil) {
        self.given = given
    }

    /// The value of a variable; nil if it is unset or empty.
    subscript(name: String) -> String? {
        let value = given == nil ? getenv(name).map { String(cString: $0) } : given?[name]
        return value?.isEmpty == true ? nil : value
    }
}

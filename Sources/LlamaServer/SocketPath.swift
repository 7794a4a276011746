internal import Glibc

/// The path of a Unix socket, as the kernel takes it.
struct SocketPath: Sendable {
    /// The maximum length of a path in bytes: `sun_path` has 108, including the NUL.
    static let maximumLength = 107

    private let bytes: [UInt8]

    /// Nil if the path is empty, too long or contains a NUL.
    init?(_ path: String) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength, !bytes.contains(0) else { return nil }
        self.bytes = bytes
    }

    /// Calls a socket function with the address.
    func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

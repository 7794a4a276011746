internal import Foundation
internal import Glibc
internal import Synchronization
internal import Testing

/// Raw Unix sockets, for what a well-behaved client or server does not do.
public enum UnixSocket {
    /// The kind of a socket.
    public enum Kind: Sendable {
        /// A connection, as Varlink uses it.
        case stream
        /// Separate messages, as `sd_notify` sends them.
        case datagram
    }

    /// Opens a socket that is bound to a name and does not listen yet.
    ///
    /// - Parameter name: a path, or an abstract name that begins with `@`.
    /// - Returns: the descriptor, which the caller closes.
    public static func bound(to name: String, kind: Kind) throws -> Int32 {
        try open(name, kind) { bind($0, $1, $2) }
    }

    /// Opens a socket that is connected to a name.
    ///
    /// - Parameter name: a path, or an abstract name that begins with `@`.
    /// - Returns: the descriptor, which the caller closes.
    public static func connected(to name: String, kind: Kind = .stream) throws -> Int32 {
        try open(name, kind) { connect($0, $1, $2) }
    }

    /// How many clients have connected to a listening socket and are not accepted yet, as while its process stands still.
    public static func unaccepted(at path: String) throws -> Int {
        let table = String(decoding: try Data(contentsOf: URL(filePath: "/proc/net/unix")), as: UTF8.self)
        return table.split(separator: "\n").count { line in
            // Num RefCount Protocol Flags Type St Inode Path; state 02 is a connection that nobody has accepted.
            let fields = line.split(separator: " ", maxSplits: 7)
            return fields.count == 8 && fields[5] == "02" && fields[7] == path
        }
    }

    private static func open(
        _ name: String, _ kind: Kind, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        let type = Int32(kind == .stream ? SOCK_STREAM.rawValue : SOCK_DGRAM.rawValue)
        let descriptor = socket(AF_UNIX, type | Int32(SOCK_CLOEXEC.rawValue), 0)
        var bytes = Array(name.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // An abstract name ends with the address, a path with its NUL.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, length) }
        }
        if result != 0 { close(descriptor) }
        try #require(result == 0, "\(name): \(String(cString: strerror(errno)))")
        return descriptor
    }
}

/// The service manager's end of the notification protocol: a bound datagram socket.
public final class NotifySocket: Sendable {
    private let descriptor: Int32

    /// Binds the socket.
    ///
    /// - Parameter name: a path, or an abstract name that begins with `@`.
    public init(_ name: String) throws {
        descriptor = try UnixSocket.bound(to: name, kind: .datagram)
    }

    deinit { close(descriptor) }

    /// The next message that has already arrived; nil where there is none.
    public func receive() -> String? { receive(flags: Int32(MSG_DONTWAIT)) }

    /// Blocks until the next message; nil after `stop`.
    fileprivate func next() -> String? { receive(flags: 0) }

    /// Ends a blocked `next`.
    fileprivate func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func receive(flags: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, flags)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}

/// A service manager that reads every notification at once, on a thread of its own.
///
/// The kernel queues only some ten datagrams; a test on a busy machine would not fetch them in time.
public final class NotifyReader: Sendable {
    private let socket: NotifySocket
    private let messages = Mutex<[String]>([])

    /// Binds the socket and starts reading.
    ///
    /// `close` ends it.
    ///
    /// - Parameter name: a path, or an abstract name that begins with `@`.
    public init(_ name: String) throws {
        socket = try NotifySocket(name)
        Thread { [self] in
            while let message = socket.next() { messages.withLock { $0.append(message) } }
        }.start()
    }

    /// Stops reading.
    public func close() { socket.stop() }

    /// Waits for a message with a prefix.
    ///
    /// - Returns: the messages since the last call, up to and including that one.
    public func messages(upTo prefix: String) async throws -> [String] {
        try await firstValue("a notification that begins with \(prefix)") {
            messages.withLock { messages -> [String]? in
                guard let end = messages.firstIndex(where: { $0.hasPrefix(prefix) }) else { return nil }
                defer { messages.removeFirst(end + 1) }
                return Array(messages[...end])
            }
        }
    }
}

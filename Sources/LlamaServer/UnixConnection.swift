internal import Glibc

/// A connection to a Unix socket, closed when it is released.
///
/// Its calls block, at most until their deadline.
final class UnixConnection {
    private let descriptor: Int32
    private let deadline: Deadline

    /// Connects to a socket.
    init(_ path: String, deadline: Deadline) throws(LlamaServerFailure.Problem) {
        guard let address = SocketPath(path) else { throw .init(.invalidPath) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, kind, 0)
        self.deadline = deadline
        guard descriptor >= 0 else { throw .system(errno) }
        while address.withAddress({ connect(descriptor, $0, $1) }) != 0 {
            let number = errno
            switch number {
            case EINTR: continue
            case EAGAIN:
                // The server's backlog is full. Linux gives no event when there is room again.
                guard deadline.milliseconds > 0 else { throw .init(.timedOut(seconds: deadline.seconds)) }
                usleep(useconds_t(min(deadline.milliseconds, 20)) * 1000)
            case ENOENT, ENOTDIR: throw .init(.noSocket)
            case ECONNREFUSED: throw .init(.notListening)
            case EACCES, EPERM: throw .init(.notAllowed)
            default: throw .system(number)
            }
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Sends all bytes.
    ///
    /// A server that refuses a call may stop reading before the end: then this returns, since its reply says why.
    func send(_ bytes: [UInt8]) throws(LlamaServerFailure.Problem) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                guard deadline.waits(for: descriptor, POLLOUT) else {
                    throw .init(.timedOut(seconds: deadline.seconds))
                }
            case EPIPE, ECONNRESET: return
            case let number: throw .system(number)
            }
        }
    }

    /// The next bytes that have arrived, at most 64 KiB; empty once the server has closed the connection.
    func receive() throws(LlamaServerFailure.Problem) -> [UInt8] {
        while true {
            var number: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                let read = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                number = read < 0 ? errno : 0
                count = max(0, read)
            }
            switch number {
            case 0: return bytes
            case EINTR: continue
            case EAGAIN:
                guard deadline.waits(for: descriptor, POLLIN) else {
                    throw .init(.timedOut(seconds: deadline.seconds))
                }
            case ECONNRESET: return []
            default: throw .system(number)
            }
        }
    }
}

extension LlamaServerFailure {
    /// A failure that does not yet know its socket.
    package struct Problem: Error {
        let reason: Reason

        init(_ reason: Reason) { self.reason = reason }

        static func system(_ number: Int32) -> Problem { Problem(.other(String(cString: strerror(number)))) }

        static func malformed(_ what: String) -> Problem { Problem(.malformedReply(what)) }
    }
}

import Glibc
import Testing

/// A connection that sends and receives bytes as they are, to say things that a well-behaved client does not.
final class RawConnection: Sendable {
    let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Stops sending and still receives.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Says the last word in both directions, as a process that ends does.
    func hangUp() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Sends a message and its NUL.
    func send(_ text: String) async {
        await send(bytes: Array(text.utf8) + [0])
    }

    /// Sends until all is sent or the other side has closed.
    ///
    /// - Returns: how many bytes the kernel took.
    @discardableResult
    func send(bytes: [UInt8], patience: Int = 5_000) async -> Int {
        var sent = 0
        var waits = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
                waits = 0
            } else if errno == EAGAIN, waits < patience {
                waits += 1
                try? await Task.sleep(for: .milliseconds(2))
            } else {
                return sent
            }
        }
        return sent
    }

    /// The next message without its NUL; nil when the other side has closed, or says nothing for long.
    func receive(patience: Int = 5_000) async -> String? {
        var message: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        var waits = 0
        while true {
            // Looked at first, so that what follows the message is left where it is.
            var count = recv(descriptor, &piece, piece.count, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
            if count > 0 {
                let end = piece[..<count].firstIndex(of: 0)
                count = recv(descriptor, &piece, end.map { $0 + 1 } ?? count, Int32(MSG_DONTWAIT))
                message += piece[..<(end ?? count)]
                if end != nil { return String(decoding: message, as: UTF8.self) }
            } else if count < 0, errno == EAGAIN, waits < patience {
                waits += 1
                try? await Task.sleep(for: .milliseconds(2))
            } else {
                return nil
            }
        }
    }

    /// Whether the other side closes without another byte.
    func isClosedByPeer(patience: Int = 5_000) async -> Bool {
        for _ in 0..<patience {
            var byte: UInt8 = 0
            let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
            if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
            if count > 0 { return false }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return false
    }
}

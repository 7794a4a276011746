import Glibc
import TestSupport

/// A connection that sends and receives raw bytes, as no well-behaved client would.
final class RawConnection: Sendable {
    let descriptor: Int32

    init(path: String) throws { descriptor = try UnixSocket.connected(to: path) }

    deinit {
        Glibc.close(descriptor)
    }

    /// Stops sending, but still receives.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Shuts down both directions, as the end of a process does.
    func hangUp() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Sends a message and its NUL.
    func send(_ text: String) async {
        await send(bytes: Array(text.utf8) + [0])
    }

    /// Sends until everything is sent or the peer has closed.
    ///
    /// - Returns: how many bytes the kernel accepted.
    @discardableResult
    func send(bytes: [UInt8], patience: Int = 150_000) async -> Int {
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

    /// The next message without its NUL; nil if the peer has closed or sends nothing for long.
    func receive(patience: Int = 150_000) async -> String? {
        var message: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        var waits = 0
        while true {
            // Peek first, so that whatever follows the message stays unread.
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

    /// Reads what has arrived, or waits for something; only for a thread of the test's own.
    ///
    /// - Returns: the number of bytes; 0 once the peer has closed.
    func receiveBlocking(atMost limit: Int) -> Int {
        var piece = [UInt8](repeating: 0, count: limit)
        return recv(descriptor, &piece, limit, 0)
    }

    /// Whether the peer closes without sending another byte.
    func isClosedByPeer(patience: Int = 150_000) async -> Bool {
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

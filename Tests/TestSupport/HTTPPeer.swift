internal import Foundation
internal import Glibc
internal import Synchronization

/// A server on a Unix socket that answers each HTTP request as a test says, on a thread of its own.
public final class HTTPPeer: Sendable {
    /// A request.
    public struct Request: Sendable, Hashable {
        /// Such as `GET`.
        public let method: String
        /// The path with its query.
        public let target: String
        public let body: String
    }

    /// What a request gets.
    public enum Answer: Sendable {
        /// These bytes, and then the connection's end.
        case bytes([UInt8])
        /// The first bytes, and then the second again and again, with a pause in between, until the client goes away.
        case endless(start: [UInt8], part: [UInt8], pause: Duration)
        /// Nothing, until the client goes away.
        case silence

        /// A whole answer.
        public static func json(_ text: String, status: Int = 200) -> Answer {
            .bytes(
                Array(
                    ("HTTP/1.1 \(status) Whatever\r\nContent-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\n"
                        + "Connection: close\r\n\r\n\(text)").utf8))
        }
    }

    private let descriptor: Int32
    private let received = Mutex<[Request]>([])
    private let answer: @Sendable (Request) -> Answer

    /// The requests so far.
    public var requests: [Request] { received.withLock { $0 } }

    /// Listens at a path.
    public init(at path: String, answer: @escaping @Sendable (Request) -> Answer) throws {
        self.answer = answer
        descriptor = try UnixSocket.bound(to: path, kind: .stream)
        guard listen(descriptor, 64) == 0 else { throw POSIXError(.EINVAL) }
        Thread { [self] in accept() }.start()
    }

    /// Stops listening; connections that are open go on.
    public func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    deinit { close(descriptor) }

    private func accept() {
        while true {
            let connection = Glibc.accept(descriptor, nil, nil)
            guard connection >= 0 else { return }
            Thread { [self] in
                serve(connection)
                close(connection)
            }.start()
        }
    }

    private func serve(_ connection: Int32) {
        guard let request = Self.read(connection) else { return }
        received.withLock { $0.append(request) }
        switch answer(request) {
        case .bytes(let bytes): _ = Self.send(bytes, to: connection)
        case .silence:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
        case .endless(let start, let part, let pause):
            guard Self.send(start, to: connection) else { return }
            while Self.send(part, to: connection) {
                let (seconds, attoseconds) = pause.components
                usleep(useconds_t(seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
            }
        }
    }

    private static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    /// Reads a whole request; nil where the client goes away before.
    private static func read(_ connection: Int32) -> Request? {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound]
                let length =
                    head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)) }
                    ?? 0
                let body = text[end.upperBound...]
                if body.utf8.count >= length {
                    let line = head.prefix { $0 != "\r\n" }.split(separator: " ")
                    guard line.count == 3 else { return nil }
                    return Request(method: String(line[0]), target: String(line[1]), body: String(body))
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}

internal import Foundation
internal import Glibc
internal import Synchronization
internal import TestSupport
internal import Testing

/// A server on a Unix socket that says to each connection what the test gives it, byte for byte.
final class FakeServer: Sendable {
    /// What it does once a call has arrived.
    enum Answer: Sendable {
        /// Sends these pieces, one after the other, and closes the connection.
        case pieces([String])
        /// Sends nothing, and keeps the connection open until the server ends.
        case silence
        /// Sends bytes as long as the other side takes them.
        case flood(String)
    }

    let path: String
    private let folder: TemporaryFolder
    private let descriptor: Int32
    private let kept = Mutex<[Int32]>([])
    private let received = Mutex<[String]>([])

    /// Starts the server; `answer` gets the call as it arrived.
    init(_ answer: @escaping @Sendable (String) -> Answer) throws {
        folder = try TemporaryFolder()
        path = folder("llama.sock")
        descriptor = try UnixSocket.bound(to: path, kind: .stream)
        try #require(listen(descriptor, 8) == 0)
        let socket = descriptor
        Thread { [weak self] in
            while true {
                let connection = accept(socket, nil, nil)
                guard connection >= 0 else { return }
                guard let self else {
                    close(connection)
                    return
                }
                self.serve(connection, answer)
            }
        }.start()
    }

    /// A server that replies to every call with a status of 200 and a body.
    convenience init(replying body: String) throws {
        try self.init { _ in .pieces([Self.reply(body)]) }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
        for connection in kept.withLock({ $0 }) { close(connection) }
    }

    /// The calls that have arrived.
    var calls: [String] { received.withLock { $0 } }

    static func reply(_ body: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func serve(_ connection: Int32, _ answer: (String) -> Answer) {
        let call = Self.call(connection)
        received.withLock { $0.append(call) }
        switch answer(call) {
        case .silence:
            kept.withLock { $0.append(connection) }
            return
        case .pieces(let pieces):
            for piece in pieces { _ = Self.send(piece, connection) }
        case .flood(let piece):
            while Self.send(piece, connection) {}
        }
        close(connection)
    }

    private static func send(_ text: String, _ connection: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Reads a call: its head, and as much of a body as the head says.
    private static func call(_ connection: Int32) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return text }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
            guard let head = text.range(of: "\r\n\r\n") else { continue }
            let length = text[..<head.lowerBound].split(separator: "\r\n").compactMap { line -> Int? in
                line.hasPrefix("Content-Length: ") ? Int(line.dropFirst(16)) : nil
            }
            if text[head.upperBound...].utf8.count >= length.first ?? 0 { return text }
        }
    }
}

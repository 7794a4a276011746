public import StrictJSON

/// llama.cpp's `llama-server` on a Unix socket: HTTP/1.1, one connection a call.
///
/// Calls block until the reply, their deadline or a failure, so they do not belong on the cooperative thread pool. No
/// reply is believed to be short or well formed. There is no other transport: the server is started with
/// `--host PATH.sock`.
public struct LlamaServerClient: Sendable {
    /// The path of the socket.
    public let socket: String
    /// The most bytes of a reply's body.
    public let maximumReply: Int

    public init(socket: String, maximumReply: Int = 1 << 20) {
        self.socket = socket
        self.maximumReply = maximumReply
    }

    /// Makes a call and reads its reply as JSON.
    ///
    /// - Parameters:
    ///   - target: the path with its query, in printable ASCII, such as `/models?reload=1`.
    ///   - body: the JSON document to send with `POST`; nil for `GET`.
    ///   - seconds: the time for the whole call.
    /// - Throws: ``LlamaServerFailure``; `loading` for the status 503 of a server that loads its model, `refused` for
    ///   every other status but 200, with the server's message.
    public func call(
        _ target: String, body: [UInt8]? = nil, within seconds: Double
    ) throws(LlamaServerFailure) -> JSONValue {
        do throws(LlamaServerFailure.Problem) {
            return try exchange(target, body, Deadline(seconds: seconds))
        } catch {
            throw LlamaServerFailure(socket: socket, reason: error.reason)
        }
    }

    private func exchange(
        _ target: String, _ body: [UInt8]?, _ deadline: Deadline
    ) throws(LlamaServerFailure.Problem) -> JSONValue {
        let isPlain =
            target.utf8.first == UInt8(ascii: "/") && target.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard isPlain else { throw .init(.other("'\(target)' is no path of HTTP")) }
        var head =
            "\(body == nil ? "GET" : "POST") \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += "Accept: application/json\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        let connection = try UnixConnection(socket, deadline: deadline)
        try connection.send(Array("\(head)\r\n".utf8) + (body ?? []))
        var reply = HTTPReply(limit: maximumReply)
        while !reply.isComplete {
            let bytes = try connection.receive()
            if bytes.isEmpty { try reply.end() } else { try reply.read(bytes) }
        }
        guard reply.status == 200 else { throw Self.refusal(reply) }
        do {
            return try JSONValue(parsing: reply.body)
        } catch {
            throw .malformed("its reply to \(target) is no JSON: \(error.reason)")
        }
    }

    /// What the server said instead of a result: `{"error": {"message": …, "type": …}}`, or some text.
    private static func refusal(_ reply: HTTPReply) -> LlamaServerFailure.Problem {
        let error = (try? JSONValue(parsing: reply.body))?["error"]
        if reply.status == 503, error?["type"]?.string == "unavailable_error" { return .init(.loading) }
        let text =
            error?["message"]?.string ?? error?.string
            ?? String(decoding: reply.body.prefix(400), as: UTF8.self)
        let shown = text.unicodeScalars.prefix(400).map { scalar in
            scalar.properties.generalCategory == .control ? " " : String(scalar)
        }.joined()
        return .init(.refused(status: reply.status, message: shown.isEmpty ? "no reason given" : shown))
    }
}

import TestSupport
import Testing

@testable import LlamaServer

/// What a llama-server in router mode is asked, and what it may answer.
@Suite("A router", .timeLimit(.minutes(5)))
struct RouterTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `models are listed, with or without reading the preset file again`() throws {
        let path = folder("llama.sock")
        let list =
            #"{"data":[{"id":"travel","status":{"value":"loaded","args":[]}},{"id":"1000-mail"}],"object":"list"}"#
        let peer = try HTTPPeer(at: path) { _ in .json(list) }
        defer { peer.stop() }
        let client = LlamaServerClient(socket: path)
        #expect(
            try client.models() == [
                .init(name: "travel", status: "loaded"), .init(name: "1000-mail", status: nil),
            ])
        _ = try client.models(reloading: true)
        #expect(peer.requests.map(\.method) == ["GET", "GET"])
        #expect(peer.requests.map(\.target) == ["/models", "/models?reload=1"])
    }

    @Test func `a model is unloaded by its name, and a refusal says why`() throws {
        let path = folder("llama.sock")
        let peer = try HTTPPeer(at: path) { request in
            request.body.contains("travel")
                ? .json(#"{"success":true}"#)
                : .json(#"{"error":{"code":400,"message":"model is not running"}}"#, status: 400)
        }
        defer { peer.stop() }
        let client = LlamaServerClient(socket: path)
        try client.unload("travel")
        let failure = #expect(throws: LlamaServerFailure.self) { try client.unload("a\"b") }
        #expect(failure?.reason == .refused(status: 400, message: "model is not running"))
        #expect(peer.requests.map(\.body) == [#"{"model":"travel"}"#, #"{"model":"a\"b"}"#])
        #expect(peer.requests.allSatisfy { $0.method == "POST" && $0.target == "/models/unload" })
    }

    @Test(arguments: ["{}", #"{"data":{}}"#, #"{"data":[1]}"#, #"{"data":[{"id":1}]}"#, "[]", "garbage"])
    func `what is no list of models is an error`(_ text: String) throws {
        let path = folder("llama.sock")
        let peer = try HTTPPeer(at: path) { _ in .json(text) }
        defer { peer.stop() }
        let failure = #expect(throws: LlamaServerFailure.self) {
            try LlamaServerClient(socket: path).models()
        }
        guard case .malformedReply = failure?.reason else {
            return #expect(Bool(false), "\(String(describing: failure))")
        }
    }

    /// Why a server that never ends its reply gives no list.
    private func reason(
        start: String, part: String, pause: Duration, within seconds: Double
    ) throws -> LlamaServerFailure.Reason? {
        let path = folder("endless-\(part.utf8.count).sock")
        let peer = try HTTPPeer(at: path) { _ in
            .endless(start: Array(start.utf8), part: Array(part.utf8), pause: pause)
        }
        defer { peer.stop() }
        let client = LlamaServerClient(socket: path, maximumReply: 100_000)
        return #expect(throws: LlamaServerFailure.self) { try client.models(within: seconds) }?.reason
    }

    @Test func `a reply that comes drop by drop is waited for only so long`() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        let found = try reason(start: head, part: " ", pause: .milliseconds(20), within: 0.3)
        #expect(found == .timedOut(seconds: 0.3))
    }

    @Test func `a reply without an end is cut at its limit, in body and headers`() throws {
        let spaces = String(repeating: " ", count: 4096)
        let body = try reason(start: "HTTP/1.1 200 OK\r\n\r\n", part: spaces, pause: .zero, within: 60)
        #expect(body == .tooLong(limit: 100_000))
        let header = "X-More: \(String(repeating: "a", count: 40))\r\n"
        let headers = try reason(start: "HTTP/1.1 200 OK\r\n", part: header, pause: .zero, within: 60)
        guard case .malformedReply = headers else {
            return #expect(Bool(false), "\(String(describing: headers))")
        }
    }
}

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
}

import Foundation
import TestSupport
import Testing

@testable import LlamaServer

@Suite("A llama-server over its socket", .timeLimit(.minutes(5)))
struct LlamaRouterTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Asks a server that answers every request in one way.
    private func models(
        _ answer: HTTPPeer.Answer, limits: LlamaRouter.Limits = .init(), reloading: Bool = false
    ) async throws(RouterError) -> [LlamaRouter.Model] {
        let path = folder("\(UUID().uuidString.prefix(8)).sock")
        guard let peer = try? HTTPPeer(at: path, answer: { _ in answer }) else { return [] }
        defer { peer.stop() }
        return try await LlamaRouter(socket: path, limits: limits).models(reloading: reloading)
    }

    private func failure(
        _ answer: HTTPPeer.Answer, limits: LlamaRouter.Limits = .init()
    ) async -> RouterError? {
        do throws(RouterError) {
            _ = try await models(answer, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func `names are listed, with or without reading the preset file again`() async throws {
        let path = folder("llama.sock")
        let list =
            #"{"data":[{"id":"travel","status":{"value":"loaded","args":[]}},{"id":"1000-mail"}],"object":"list"}"#
        let peer = try HTTPPeer(at: path) { _ in .json(list) }
        let router = LlamaRouter(socket: path)
        #expect(
            try await router.models() == [
                .init(name: "travel", status: "loaded"), .init(name: "1000-mail", status: nil),
            ])
        _ = try await router.models(reloading: true)
        #expect(peer.requests.map(\.method) == ["GET", "GET"])
        #expect(peer.requests.map(\.target) == ["/models", "/models?reload=1"])
        peer.stop()
    }

    @Test func `a model is unloaded by its name, and a refusal says why`() async throws {
        let path = folder("llama.sock")
        let peer = try HTTPPeer(at: path) { request in
            request.body.contains("travel")
                ? .json(#"{"success":true}"#)
                : .json(#"{"error":{"code":400,"message":"model is not running"}}"#, status: 400)
        }
        let router = LlamaRouter(socket: path)
        try await router.unload("travel")
        await #expect(throws: RouterError.refused(status: 400, reason: "'model is not running'")) {
            try await router.unload("a\"b")
        }
        #expect(peer.requests.map(\.body) == [#"{"model":"travel"}"#, #"{"model":"a\"b"}"#])
        #expect(peer.requests.allSatisfy { $0.method == "POST" && $0.target == "/models/unload" })
        peer.stop()
    }

    @Test func `an answer in chunks is put together`() async throws {
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "b\r\n{\"data\":[{\"\r\n8\r\nid\":\"m\"}\r\n2\r\n]}\r\n0\r\n\r\n"
        #expect(try await models(.bytes(Array(chunked.utf8))).map(\.name) == ["m"])
    }

    @Test func `a server that is not there, or does not listen, is said so`() async throws {
        let path = folder("llama.sock")
        await #expect(throws: RouterError.unreachable(reason: "there is no such socket")) {
            _ = try await LlamaRouter(socket: path).models()
        }
        try HTTPPeer(at: path) { _ in .silence }.stop()
        await #expect(throws: RouterError.unreachable(reason: "nobody listens at its socket")) {
            _ = try await LlamaRouter(socket: path).models()
        }
        let long = folder(String(repeating: "a", count: 108))
        await #expect(
            throws: RouterError.unreachable(reason: "the path of its socket must have 1 to 107 bytes")
        ) {
            _ = try await LlamaRouter(socket: long).models()
        }
    }

    @Test func `an answer that does not come, or drop by drop, is waited for only so long`() async throws {
        let limits = LlamaRouter.Limits(answering: .milliseconds(300))
        #expect(await failure(.silence, limits: limits) == .late)
        let start = Array("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n".utf8)
        let drops = HTTPPeer.Answer.endless(start: start, part: [0x20], pause: .milliseconds(20))
        let began = ContinuousClock.now
        #expect(await failure(drops, limits: limits) == .late)
        #expect(ContinuousClock.now - began < .seconds(60))
    }

    @Test func `an answer without an end is cut at its limit, in body and headers`() async throws {
        let limits = LlamaRouter.Limits(bytes: 100_000)
        let body = Array("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".utf8)
        let spaces = [UInt8](repeating: 0x20, count: 4096)
        #expect(await failure(.endless(start: body, part: spaces, pause: .zero), limits: limits) == .tooLong)
        let headers = Array("HTTP/1.1 200 OK\r\n".utf8)
        let more = Array("X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".utf8)
        let endless = await failure(.endless(start: headers, part: more, pause: .zero), limits: limits)
        switch endless {
        case .tooLong, .malformed: break
        default: Issue.record("\(String(describing: endless))")
        }
    }

    @Test(arguments: [
        "", "\u{0}\u{1}\u{2}garbage", "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"data\":",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{\"d",
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"data\":[1]}",
        "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"data\":[{\"i\":1",
    ])
    func `garbage and half answers are errors`(_ text: String) async throws {
        let error = await failure(.bytes(Array(text.utf8)))
        switch error {
        case .malformed, .closed: break
        default: Issue.record("\(String(describing: error))")
        }
    }

    @Test func `a status that is no success is an error, whatever comes with it`() async throws {
        #expect(await failure(.json("{}", status: 500)) == .refused(status: 500, reason: nil))
        #expect(
            await failure(.json(#"{"error":{"message":"no\nway"}}"#, status: 404))
                == .refused(status: 404, reason: #"'no\u{a}way'"#))
    }

    @Test func `a caller who stops waiting is let go`() async throws {
        let path = folder("llama.sock")
        let peer = try HTTPPeer(at: path) { _ in .silence }
        let waiting = Task { () async -> RouterError? in
            do throws(RouterError) {
                _ = try await LlamaRouter(socket: path).models()
                return nil
            } catch {
                return error
            }
        }
        try await eventually("the request") { peer.requests.count == 1 }
        waiting.cancel()
        #expect(await waiting.value == .cancelled)
        peer.stop()
    }
}

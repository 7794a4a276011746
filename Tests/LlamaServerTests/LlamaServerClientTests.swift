internal import Foundation
internal import LlamaServer
internal import StrictJSON
internal import TestSupport
internal import Testing

@Suite struct LlamaServerClientTests {
    @Test func aCompletionNeverReusesWhatWasComputedOfAnEarlierPrompt() throws {
        let server = try FakeServer(replying: "{\"content\": \" pay_bill\\n\", \"truncated\": false}")
        let client = LlamaServerClient(socket: server.path)
        let answer = try client.complete(
            LlamaCompletion(
                prompt: "Utterance: \"pay\"\nIntent:", maximumTokens: 24,
                grammar: "root ::= \" pay_bill\\x0A\"",
                adapters: [.init(id: 0, scale: 0), .init(id: 3, scale: 1)]), within: 10)
        #expect(answer == " pay_bill\n")
        let call = try #require(server.calls.first)
        #expect(call.hasPrefix("POST /completion HTTP/1.1\r\n"))
        let body = try JSONValue(
            parsing: Array(try #require(call.components(separatedBy: "\r\n\r\n").last).utf8))
        #expect(body["prompt"]?.string == "Utterance: \"pay\"\nIntent:")
        #expect(body["cache_prompt"]?.bool == false)
        #expect(body["temperature"]?.integer == 0)
        #expect(body["n_predict"]?.integer == 24)
        #expect(body["grammar"]?.string == "root ::= \" pay_bill\\x0A\"")
        #expect(body["lora"]?.array?.map { $0["id"]?.integer } == [0, 3])
        #expect(body["lora"]?.array?.map { $0["scale"]?.double } == [0, 1])
    }

    @Test func aServerThatLoadsItsModelIsNotReady() throws {
        let loading = try FakeServer { _ in
            .pieces([
                FakeServer.reply(
                    "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}",
                    status: "503 Service Unavailable")
            ])
        }
        #expect(try !LlamaServerClient(socket: loading.path).isReady())
        let ready = try FakeServer(replying: "{\"status\":\"ok\"}")
        #expect(try LlamaServerClient(socket: ready.path).isReady())
        #expect(ready.calls.first?.hasPrefix("GET /health HTTP/1.1\r\n") == true)
    }

    @Test func theAdaptersAreInTheOrderOfTheirIDs() throws {
        let server = try FakeServer(
            replying:
                "[{\"id\":1,\"path\":\"b.gguf\",\"scale\":0.5},{\"id\":0,\"path\":\"a.gguf\",\"scale\":0}]")
        let adapters = try LlamaServerClient(socket: server.path).adapters()
        #expect(adapters.map(\.path) == ["a.gguf", "b.gguf"])
        #expect(adapters.map(\.scale) == [0, 0.5])
        let other = try FakeServer(replying: "[{\"id\":0}]")
        #expect(reason { try LlamaServerClient(socket: other.path).adapters() }?.isMalformed == true)
    }

    @Test func aBodyInChunksAndOneUpToTheEndAreRead() throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunked = try FakeServer { _ in
            .pieces([head + "A;x=y\r\n{\"content\"", "\r", "\n6\r\n: \"a\"}\r\n0\r\nX: y\r\n", "\r\n"])
        }
        let endless = try FakeServer { _ in .pieces(["HTTP/1.1 200 OK\r\n\r\n{\"content\":", " \"b\"}"]) }
        let completion = LlamaCompletion(prompt: "", maximumTokens: 1)
        #expect(try LlamaServerClient(socket: chunked.path).complete(completion, within: 10) == "a")
        #expect(try LlamaServerClient(socket: endless.path).complete(completion, within: 10) == "b")
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 99 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n continued: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{",
        "HTTP/1.1 200 OK\r\n\(String(repeating: "X: y\r\n", count: 200))\r\n{}",
        "HTTP/1.1 200 OK\r\nX: \(String(repeating: "y", count: 9000))\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]",
    ]) func whatDoesNotSpeakAsLlamaServerDoesIsRefused(_ reply: String) throws {
        let server = try FakeServer { _ in .pieces([reply]) }
        let failure = reason {
            try LlamaServerClient(socket: server.path).complete(
                LlamaCompletion(prompt: "", maximumTokens: 1), within: 10)
        }
        #expect(failure?.isMalformed == true, "\(String(describing: failure))")
    }

    @Test func aReplyIsBoundedInSizeHoweverItsLengthIsSaid() throws {
        let said = try FakeServer { _ in .pieces(["HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"]) }
        let chunk = try FakeServer { _ in
            .pieces(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5F5E0FF\r\n"])
        }
        let unsaid = try FakeServer { _ in
            .flood("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: " ", count: 4096))
        }
        for server in [said, chunk, unsaid] {
            let client = LlamaServerClient(socket: server.path, maximumReply: 10_000)
            #expect(reason { try client.isReady() } == .tooLong(limit: 10_000))
        }
    }

    @Test func aServerThatDoesNotAnswerIsNotWaitedForLongerThanTheCallAllows() throws {
        let server = try FakeServer { _ in .silence }
        let start = ContinuousClock.now
        let failure = reason { try LlamaServerClient(socket: server.path).call("/health", within: 0.3) }
        #expect(failure == .timedOut(seconds: 0.3))
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func whatTheServerSaysOfARefusalIsShownWithoutItsControlCharacters() throws {
        let server = try FakeServer { _ in
            .pieces([
                FakeServer.reply(
                    "{\"error\":{\"code\":400,\"message\":\"the request exceeds\\u001b[31m the context\",\"type\":\"x\"}}",
                    status: "400 Bad Request")
            ])
        }
        let failure = reason {
            try LlamaServerClient(socket: server.path).call("/completion", body: [], within: 5)
        }
        #expect(failure == .refused(status: 400, message: "the request exceeds [31m the context"))
    }

    @Test func aSocketThatCannotBeUsedIsNamedWithWhatToDo() throws {
        let folder = try TemporaryFolder()
        #expect(reason { try LlamaServerClient(socket: folder("none.sock")).isReady() } == .noSocket)
        try folder.write("", to: "file")
        #expect(reason { try LlamaServerClient(socket: folder("file")).isReady() } == .notListening)
        let long = String(repeating: "x", count: 108)
        #expect(reason { try LlamaServerClient(socket: long).isReady() } == .invalidPath)
        #expect(
            LlamaServerFailure(socket: "/run/a.sock", reason: .noSocket).description.contains(
                "--host /run/a.sock"))
        #expect(LlamaServerFailure(socket: "a", reason: .loading).isPassing)
        #expect(!LlamaServerFailure(socket: "a", reason: .notAllowed).isPassing)
    }

    @Test(arguments: ["/models?reload=1 HTTP/1.1\r\nX: y", "models", "", "/a b", "/ä"])
    func noTargetAddsAHeader(_ target: String) throws {
        let server = try FakeServer(replying: "{}")
        let failure = reason { try LlamaServerClient(socket: server.path).call(target, within: 5) }
        #expect(failure == .other("'\(target)' is no path of HTTP"))
        #expect(server.calls.isEmpty)
    }

    /// Why a call failed; nil if it did not.
    private func reason(_ call: () throws -> some Any) -> LlamaServerFailure.Reason? {
        let error = #expect(throws: LlamaServerFailure.self) { _ = try call() }
        return error?.reason
    }
}

extension LlamaServerFailure.Reason {
    fileprivate var isMalformed: Bool { if case .malformedReply = self { true } else { false } }
}

internal import StrictJSON

/// One completion, without sampling: of the tokens that the grammar allows, always the likeliest.
///
/// The server is never let to take over what it computed of an earlier prompt: it would do so across scales of the
/// adapters, and then the answer is neither adapter's.
public struct LlamaCompletion: Sendable, Hashable {
    /// An adapter that the server was started with, and the factor for its ΔW.
    public struct Adapter: Sendable, Hashable {
        /// Its place among the server's `--lora` options, from 0.
        public var id: Int
        /// 0 leaves the adapter out, 1 applies it as its file says.
        public var scale: Float

        public init(id: Int, scale: Float) {
            self.id = id
            self.scale = scale
        }
    }

    public var prompt: String
    /// The most tokens of the answer.
    public var maximumTokens: Int
    /// A grammar in GBNF that the whole answer follows; nil for any text.
    public var grammar: String?
    /// The adapters; those that are not named have the scale 0 if the server was started with
    /// `--lora-init-without-apply`.
    public var adapters: [Adapter]

    public init(prompt: String, maximumTokens: Int, grammar: String? = nil, adapters: [Adapter] = []) {
        self.prompt = prompt
        self.maximumTokens = maximumTokens
        self.grammar = grammar
        self.adapters = adapters
    }

    /// The body of `POST /completion`.
    var json: [UInt8] {
        var text = Array("{\"prompt\":".utf8)
        JSONValue.write(prompt, to: &text)
        text +=
            ",\"n_predict\":\(maximumTokens),\"temperature\":0,\"seed\":1,\"stream\":false,\"cache_prompt\":false"
            .utf8
        if let grammar {
            text += ",\"grammar\":".utf8
            JSONValue.write(grammar, to: &text)
        }
        let entries = adapters.map { "{\"id\":\($0.id),\"scale\":\($0.scale)}" }
        text += ",\"lora\":[\(entries.joined(separator: ","))]}".utf8
        return text
    }
}

/// What `GET /lora-adapters` says of one adapter.
public struct LlamaAdapter: Sendable, Hashable {
    public let id: Int
    /// The path of its file, as the server was given it.
    public let path: String
    /// The scale of requests that name none.
    public let scale: Double
}

extension LlamaServerClient {
    /// Whether the server has loaded its model (`GET /health`).
    ///
    /// - Throws: as ``call(_:body:within:)``, except that loading is an answer.
    public func isReady(within seconds: Double = 5) throws(LlamaServerFailure) -> Bool {
        do throws(LlamaServerFailure) {
            let reply = try call("/health", within: seconds)
            guard reply["status"]?.string == "ok" else { throw malformed("/health has no status 'ok'") }
            return true
        } catch {
            guard error.reason == .loading else { throw error }
            return false
        }
    }

    /// The text that the model continues a prompt with (`POST /completion`).
    ///
    /// - Throws: as ``call(_:body:within:)``; `malformedReply` where the prompt was cut to fit the context.
    public func complete(
        _ completion: LlamaCompletion, within seconds: Double
    ) throws(LlamaServerFailure) -> String {
        let reply = try call("/completion", body: completion.json, within: seconds)
        guard let content = reply["content"]?.string else { throw malformed("a completion has no content") }
        if reply["truncated"]?.bool == true {
            throw malformed("it cut the prompt; start it with a larger --ctx-size")
        }
        return content
    }

    /// The adapters that the server was started with (`GET /lora-adapters`), by id.
    public func adapters(within seconds: Double = 5) throws(LlamaServerFailure) -> [LlamaAdapter] {
        guard let entries = try call("/lora-adapters", within: seconds).array else {
            throw malformed("/lora-adapters is no list")
        }
        var adapters: [LlamaAdapter] = []
        for entry in entries {
            guard let id = entry["id"]?.integer, let path = entry["path"]?.string,
                let scale = entry["scale"]?.double, scale.isFinite
            else { throw malformed("an adapter lacks its id, path or scale") }
            adapters.append(LlamaAdapter(id: id, path: path, scale: scale))
        }
        return adapters.sorted { $0.id < $1.id }
    }

    private func malformed(_ what: String) -> LlamaServerFailure {
        LlamaServerFailure(socket: socket, reason: .malformedReply(what))
    }
}

internal import ErrorModel
internal import NIOHTTP1
internal import StrictJSON

/// A llama-server in router mode, asked over its Unix socket.
///
/// Each question is one HTTP/1.1 request on a connection of its own. An answer is bounded in size and time, whoever gives it.
///
/// Source: llama.cpp, `tools/server/README.md` and `server-models.cpp`.
public struct LlamaRouter: Sendable {
    /// What an answer may take.
    public struct Limits: Sendable, Hashable {
        /// How long connecting may take.
        public var connecting: Duration
        /// How long an answer may take: a router answers a reload when the models that it unloads have stopped.
        public var answering: Duration
        /// The bytes of a whole answer, headers included.
        public var bytes: Int

        public init(
            connecting: Duration = .seconds(2), answering: Duration = .seconds(60), bytes: Int = 4 << 20
        ) {
            self.connecting = connecting
            self.answering = answering
            self.bytes = bytes
        }
    }

    /// A model that the router lists.
    public struct Model: Sendable, Hashable {
        public let name: String
        /// Such as `loaded` or `unloaded`; nil from a server that does not say it.
        public let status: String?
    }

    private let exchange: HTTPExchange

    /// - Parameters:
    ///   - socket: the path of its Unix socket.
    ///   - limits: what an answer may take.
    public init(socket: String, limits: Limits = Limits()) {
        exchange = HTTPExchange(socket: socket, limits: limits)
    }

    /// The models that it lists.
    ///
    /// - Parameter reloading: whether it reads its preset file again before; it then unloads what is no longer there, or is there
    ///   with other arguments.
    /// - Throws: ``RouterError``.
    public func models(reloading: Bool = false) async throws(RouterError) -> [Model] {
        let answer = try await exchange.send(.GET, reloading ? "/models?reload=1" : "/models")
        guard let models = try Self.document(answer)["data"]?.array else {
            throw .malformed("it has no list of models")
        }
        var listed: [Model] = []
        for model in models {
            guard let name = model["id"]?.string else { throw .malformed("it lists a model without a name") }
            listed.append(Model(name: name, status: model["status"]?["value"]?.string))
        }
        return listed
    }

    /// Unloads a model: its instance is told to end.
    ///
    /// - Throws: ``RouterError``; `refused` also for a model that is not loaded.
    public func unload(_ name: String) async throws(RouterError) {
        var body = Array(#"{"model":"#.utf8)
        JSONValue.write(name, to: &body)
        body.append(UInt8(ascii: "}"))
        _ = try Self.document(try await exchange.send(.POST, "/models/unload", body: body))
    }

    /// The document of an answer.
    private static func document(_ answer: HTTPExchange.Answer) throws(RouterError) -> JSONValue {
        let document = try? JSONValue(parsing: answer.body)
        guard answer.status == 200 else {
            throw .refused(
                status: answer.status, reason: document?["error"]?["message"]?.string.map { "\(Quoted($0))" })
        }
        guard let document else { throw .malformed("its body is no JSON") }
        return document
    }
}

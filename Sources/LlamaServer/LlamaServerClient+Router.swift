internal import StrictJSON

/// A model that a `llama-server` in router mode lists.
public struct LlamaModel: Sendable, Hashable {
    public let name: String
    /// Such as `loaded` or `unloaded`; nil from a server that does not say it.
    public let status: String?
}

/// What a `llama-server` in router mode answers: one that was started without a model, with `--models-preset`.
///
/// Source: llama.cpp, `tools/server/README.md` and `server-models.cpp`.
extension LlamaServerClient {
    /// The models that it lists (`GET /models`).
    ///
    /// - Parameters:
    ///   - reloading: whether it reads its preset file again before; it then unloads what is no longer there, or is there with
    ///     other arguments, and answers when that has ended.
    ///   - seconds: the time for the call.
    /// - Throws: as ``call(_:body:within:)``.
    public func models(
        reloading: Bool = false, within seconds: Double = 60
    ) throws(LlamaServerFailure) -> [LlamaModel] {
        let reply = try call(reloading ? "/models?reload=1" : "/models", within: seconds)
        guard let entries = reply["data"]?.array else {
            throw LlamaServerFailure(socket: socket, reason: .malformedReply("/models has no list 'data'"))
        }
        var models: [LlamaModel] = []
        for entry in entries {
            guard let name = entry["id"]?.string else {
                throw LlamaServerFailure(socket: socket, reason: .malformedReply("a model lacks its id"))
            }
            models.append(LlamaModel(name: name, status: entry["status"]?["value"]?.string))
        }
        return models
    }

    /// Unloads a model (`POST /models/unload`): its instance is told to end.
    ///
    /// - Throws: as ``call(_:body:within:)``; `refused` also for a model that is not loaded.
    public func unload(_ name: String, within seconds: Double = 60) throws(LlamaServerFailure) {
        var body = Array(#"{"model":"#.utf8)
        JSONValue.write(name, to: &body)
        body.append(UInt8(ascii: "}"))
        _ = try call("/models/unload", body: body, within: seconds)
    }
}

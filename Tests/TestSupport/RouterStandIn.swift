internal import Foundation
internal import Synchronization

/// Stands in for a llama-server in router mode: reads its preset file as that does, lists its names, loads and unloads them.
public final class RouterStandIn: Sendable {
    private struct State {
        var sections: [String: [String: String]] = [:]
        var loaded: Set<String> = []
        var unloaded: [String] = []
        var isForgetful = true
    }

    /// Something that llama.cpp's parser would not read.
    private struct Unreadable: Error {
        let line: String
    }

    private let preset: String
    private let state = Mutex(State())
    private let peer = Mutex<HTTPPeer?>(nil)

    /// Listens at a socket; like llama-server it reads the preset file first, if there is one.
    public init(at socket: String, preset: String) throws {
        self.preset = preset
        try? reload()
        let answering = try HTTPPeer(at: socket) { [weak self] request in
            self?.answer(request) ?? .silence
        }
        peer.withLock { $0 = answering }
    }

    /// The names that it lists, sorted.
    public var names: [String] { state.withLock { $0.sections.keys.sorted() } }
    /// The names that it was asked to unload.
    public var unloaded: [String] { state.withLock { $0.unloaded } }
    /// The requests so far.
    public var requests: [HTTPPeer.Request] { peer.withLock { $0?.requests ?? [] } }

    /// The arguments of a name.
    public func arguments(of name: String) -> [String: String]? { state.withLock { $0.sections[name] } }

    /// Answers under a name as a model does: only if it is listed and both of its files are there.
    ///
    /// - Returns: the bytes of the adapter.
    public func load(_ name: String) -> [UInt8]? {
        guard let section = arguments(of: name), let lora = section["lora"], section["model"] != nil else {
            return nil
        }
        state.withLock { _ = $0.loaded.insert(name) }
        return FileManager.default.contents(atPath: lora).map { Array($0) }
    }

    /// From now on names that are no longer in the file stay until they are unloaded.
    public func remember() { state.withLock { $0.isForgetful = false } }

    /// Stops listening.
    public func stop() { peer.withLock { $0?.stop() } }

    private func answer(_ request: HTTPPeer.Request) -> HTTPPeer.Answer {
        switch (request.method, request.target) {
        case ("GET", "/models?reload=1"):
            do { try reload() } catch { return failure(500, "\(error)") }
            return list()
        case ("GET", "/models"): return list()
        case ("POST", "/models/unload"):
            let named = (try? JSONSerialization.jsonObject(with: Data(request.body.utf8))) as? [String: Any]
            let name = named?["model"] as? String ?? ""
            let isRunning = state.withLock { state in
                state.unloaded.append(name)
                return state.loaded.remove(name) != nil
            }
            return isRunning ? .json(#"{"success":true}"#) : failure(400, "model is not running")
        default: return failure(404, "File Not Found")
        }
    }

    private func failure(_ status: Int, _ message: String) -> HTTPPeer.Answer {
        let object: [String: Any] = ["error": ["code": status, "message": message, "type": "some_error"]]
        let data = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
        return .json(String(decoding: data, as: UTF8.self), status: status)
    }

    private func list() -> HTTPPeer.Answer {
        let models = state.withLock { state in
            state.sections.keys.sorted().map { name in
                [
                    "id": name, "object": "model", "owned_by": "llamacpp",
                    "status": [
                        "value": state.loaded.contains(name) ? "loaded" : "unloaded",
                        "args": ["llama-server"],
                    ],
                ] as [String: Any]
            }
        }
        let data =
            (try? JSONSerialization.data(withJSONObject: ["data": models, "object": "list"])) ?? Data()
        return .json(String(decoding: data, as: UTF8.self))
    }

    private func reload() throws {
        let text = try String(contentsOfFile: preset, encoding: .utf8)
        let read = try Self.sections(text)
        state.withLock { state in
            let kept = state.isForgetful ? [:] : state.sections.filter { state.loaded.contains($0.key) }
            let before = state.sections
            state.sections = read.merging(kept) { new, _ in new }
            // What is gone or has other arguments is unloaded.
            let loaded = state.loaded
            state.loaded = loaded.filter { state.sections[$0] == before[$0] }
        }
    }

    /// Reads a file by the grammar of llama.cpp's `common/preset.cpp`.
    private static func sections(_ text: String) throws -> [String: [String: String]] {
        var (sections, current): ([String: [String: String]], String?) = ([:], nil)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if let header = line.wholeMatch(of: /\[[ \t]*([^\]]+?)[ \t]*\][ \t]*([;#].*)?/) {
                current = String(header.1)
                sections[String(header.1)] = [:]
            } else if let pair = line.wholeMatch(
                of: /([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*([^;#]*?)[ \t]*([;#].*)?/)
            {
                guard let current, known.contains(String(pair.1)) else { throw Unreadable(line: line) }
                sections[current]?[String(pair.1)] = String(pair.2)
            } else if line.wholeMatch(of: /[ \t]*([;#].*)?/) == nil {
                throw Unreadable(line: line)
            }
        }
        let all = sections.removeValue(forKey: "*") ?? [:]
        return sections.mapValues { $0.merging(all) { own, _ in own } }
    }

    /// The arguments that it knows; another one is an error there, too.
    private static let known: Set = ["model", "lora", "ctx-size", "stop-timeout", "parallel"]
}

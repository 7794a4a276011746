internal import Configuration
internal import ErrorModel

extension Reading {
    /// The keys below `publish`, except `publish.group`.
    func publish(_ defaults: PublishOptions) async throws(SgloradError) -> PublishOptions {
        let server = PublishOptions.LlamaServer(
            preset: try await path("publish.llamaServer.preset"),
            socket: try await socketPath("publish.llamaServer.socket"),
            arguments: try await list("publish.llamaServer.arguments"))
        _ = try PublishOptions.arguments(server.arguments)
        guard server.arguments == nil || server.preset != nil || server.socket != nil else {
            throw .invalidRequest(
                field: PublishOptions.argumentsKey,
                reason: "is set without publish.llamaServer.socket or publish.llamaServer.preset")
        }
        var names: [String: String] = [:]
        for text in try await list("publish.baseModelNames") ?? [] {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, !text.holdsControlCharacter else {
                throw .invalidRequest(
                    field: "publish.baseModelNames",
                    reason: "has \(Quoted(text)); each must be BASE=NAME, where BASE is the model's name here"
                )
            }
            names[parts[0]] = parts[1]
        }
        return PublishOptions(
            owner: try await group("publish.owner"),
            isAutomatic: try await bool("publish.automatic") ?? defaults.isAutomatic,
            namesPerUser: try await int("publish.namesPerUser", 1...1000) ?? defaults.namesPerUser,
            llamaServer: server.preset == nil && server.socket == nil ? nil : server,
            peftDirectory: try await path("publish.peftDirectory"), baseModelNames: names)
    }

    private func socketPath(_ key: ConfigKey) async throws(SgloradError) -> String? {
        guard let path = try await path(key) else { return nil }
        guard path.utf8.count <= 107 else {
            throw .invalidRequest(
                field: "\(key)", reason: "is '\(path)'; the path of a Unix socket has at most 107 bytes")
        }
        return path
    }

    private func bool(_ key: ConfigKey) async throws(SgloradError) -> Bool? {
        do {
            return try await reader.fetchBool(forKey: key)
        } catch {
            throw .invalidRequest(field: "\(key)", reason: "is neither true nor false: \(error)")
        }
    }

    /// A list of texts.
    private func list(_ key: ConfigKey) async throws(SgloradError) -> [String]? {
        do {
            return try await reader.fetchStringArray(forKey: key)
        } catch {
            throw .invalidRequest(field: "\(key)", reason: "is not a list of texts: \(error)")
        }
    }
}

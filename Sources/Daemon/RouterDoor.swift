internal import Adaptation
internal import Dispatch
internal import LlamaServer

/// The domain's way to the llama-server: over its Unix socket.
struct RouterDoor: ModelRouter {
    private let client: LlamaServerClient
    /// Where calls block.
    private let queue = DispatchQueue(label: "io.sglorad.router")

    /// - Parameter socket: the path of the server's socket.
    init(socket: String) {
        client = LlamaServerClient(socket: socket, maximumReply: 4 << 20)
    }

    func names(reloading: Bool) async throws(RouterFailure) -> Set<String> {
        try await ask { (client) throws(LlamaServerFailure) in
            Set(try client.models(reloading: reloading).map(\.name))
        }
    }

    func unload(_ name: String) async throws(RouterFailure) {
        try await ask { (client) throws(LlamaServerFailure) in try client.unload(name) }
    }

    /// Makes a call.
    ///
    /// Whoever is cancelled stops waiting; the call ends by itself, at its deadline at the latest.
    private func ask<T: Sendable>(
        _ call: @escaping @Sendable (LlamaServerClient) throws(LlamaServerFailure) -> T
    ) async throws(RouterFailure) -> T {
        let (results, continuation) = AsyncStream.makeStream(of: Result<T, LlamaServerFailure>.self)
        queue.async { [client] in
            continuation.yield(Result { () throws(LlamaServerFailure) in try call(client) })
            continuation.finish()
        }
        for await result in results {
            do throws(LlamaServerFailure) { return try result.get() } catch { throw failure(error) }
        }
        throw RouterFailure(
            "The daemon stopped waiting for llama-server.", remedy: "Nothing is to be done: it is stopping.")
    }

    private func failure(_ error: LlamaServerFailure) -> RouterFailure {
        RouterFailure(
            "\(error)",
            remedy:
                "llama-server has to run as a router, without '-m', at publish.llamaServer.socket; the daemon tries again by "
                + "itself.")
    }
}

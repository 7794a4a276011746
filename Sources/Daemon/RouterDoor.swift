internal import Adaptation
internal import LlamaServer

/// The domain's way to the llama-server: over its Unix socket.
struct RouterDoor: ModelRouter {
    private let router: LlamaRouter
    private let socket: String

    /// - Parameter socket: the path of the server's socket.
    init(socket: String) {
        self.socket = socket
        router = LlamaRouter(socket: socket)
    }

    func names(reloading: Bool) async throws(RouterFailure) -> Set<String> {
        do throws(RouterError) {
            return Set(try await router.models(reloading: reloading).map(\.name))
        } catch {
            throw failure(error)
        }
    }

    func unload(_ name: String) async throws(RouterFailure) {
        do throws(RouterError) {
            try await router.unload(name)
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: RouterError) -> RouterFailure {
        RouterFailure(
            "llama-server at \(socket) \(error).",
            remedy:
                "See that it runs as a router with '--host \(socket)' (publish.llamaServer.socket); the daemon tries again by "
                + "itself.")
    }
}

import Adaptation
import TestSupport
import Testing

@testable import Daemon

@Suite("The way to llama-server", .timeLimit(.minutes(5)))
struct RouterDoorTests {
    @Test func `a failure says what to do, and a caller who stops waiting is let go`() async throws {
        let folder = try TemporaryFolder()
        let path = folder("llama.sock")
        let door = RouterDoor(socket: path)
        let absent = await #expect(throws: RouterFailure.self) { try await door.names(reloading: true) }
        #expect(absent?.message.contains(path) == true)
        #expect(absent?.remedy.contains("publish.llamaServer.socket") == true)

        let peer = try HTTPPeer(at: path) { _ in .silence }
        defer { peer.stop() }
        let waiting = Task { () async -> RouterFailure? in
            do throws(RouterFailure) {
                _ = try await door.names(reloading: false)
                return nil
            } catch {
                return error
            }
        }
        try await eventually("the call") { peer.requests.count == 1 }
        waiting.cancel()
        #expect(await waiting.value != nil)
    }
}

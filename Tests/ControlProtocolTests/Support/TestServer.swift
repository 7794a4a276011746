import ControlProtocol
import Foundation
import Logging
import Testing

/// A server with a ``TestInterface`` on a socket in a folder of its own.
struct TestServer: Sendable {
    let path: String
    let interface: TestInterface
    let server: VarlinkServer

    var log: EventLog { interface.log }

    /// Serves while the body runs, then shuts down and waits for the end.
    static func run(
        limits: ServerLimits = ServerLimits(), also interfaces: [any VarlinkInterface] = [],
        _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let test = TestServer(path: "\(folder)/s", limits: limits, also: interfaces)
            try await test.server.bind()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await test.server.run() }
                do {
                    try await body(test)
                } catch {
                    test.server.shutdown()
                    throw error
                }
                test.server.shutdown()
                try await group.waitForAll()
            }
        }
    }

    init(path: String, limits: ServerLimits = ServerLimits(), also interfaces: [any VarlinkInterface] = []) {
        self.path = path
        interface = TestInterface()
        server = VarlinkServer(
            address: .path(path, mode: 0o600),
            information: ServiceInformation(
                vendor: "V", product: "P", version: "1", url: "https://example.org"),
            interfaces: [interface] + interfaces, limits: limits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func client() async throws -> VarlinkClient { try await VarlinkClient.connect(path: path) }
    func raw() throws -> RawConnection { try RawConnection(path: path) }
}

/// Makes a folder for one test and removes it.
func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    let folder = "/tmp/sgl-\(UUID().uuidString.prefix(13))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

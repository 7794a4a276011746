import Synchronization
import TestSupport
import Testing
import Varlink

/// A server with a ``TestInterface`` on a socket in its own folder.
struct TestServer: Sendable {
    let path: String
    let interface: TestInterface
    let server: VarlinkServer

    var log: EventLog { interface.log }

    /// Serves while the body runs, then shuts down and waits for the end.
    static func run(
        limits: ServerLimits = ServerLimits(), peers: PeerRules = PeerRules(),
        also interfaces: [any VarlinkInterface] = [], _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let test = TestServer(path: "\(folder)/s", limits: limits, peers: peers, also: interfaces)
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

    init(
        path: String, limits: ServerLimits = ServerLimits(), peers: PeerRules = PeerRules(),
        also interfaces: [any VarlinkInterface] = []
    ) {
        self.path = path
        interface = TestInterface()
        server = VarlinkServer(
            address: .path(path, mode: 0o600),
            information: ServiceInformation(
                vendor: "V", product: "P", version: "1", url: "https://example.org"),
            interfaces: [interface] + interfaces, limits: limits, peers: peers
        ) { _, _ in }
    }

    func client() async throws -> VarlinkClient { try await VarlinkClient.connect(path: path) }
    func raw() throws -> RawConnection { try RawConnection(path: path) }

    /// Starts serving and waits for the first reply.
    ///
    /// - Returns: the connected client, and the task that serves until shutdown.
    func start() async throws -> (client: VarlinkClient, running: Task<Void, any Error>) {
        try await server.bind()
        let running = Task { try await server.run() }
        let client = try await client()
        _ = try await client.call("org.example.test.Nothing", returning: Empty.self)
        return (client, running)
    }

    /// Opens connections and expects a reply on each.
    func answered(_ count: Int) async throws -> [RawConnection] {
        let connections = try (0..<count).map { _ in try raw() }
        for raw in connections {
            await raw.send(#"{"method":"org.example.test.Nothing"}"#)
            #expect(await raw.receive() == "{}")
        }
        return connections
    }
}

/// Gives each connection the next account of a list, and the last one from then on.
final class AccountByTurn: Sendable {
    private let rest: Mutex<[UInt32]>

    init(_ accounts: [UInt32]) { rest = Mutex(accounts) }

    func next() -> UInt32 {
        rest.withLock { rest in rest.count > 1 ? rest.removeFirst() : rest[0] }
    }
}

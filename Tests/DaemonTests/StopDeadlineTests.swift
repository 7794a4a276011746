import Logging
import ServiceLifecycle
import Testing

@testable import Daemon

@Suite("Stop deadline", .timeLimit(.minutes(20)))
struct StopDeadlineTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A service that ignores both shutdown and cancellation.
    private struct Stubborn: Service {
        let release: AsyncStream<Void>

        func run() async throws {
            await Task { for await _ in release {} }.value
        }
    }

    private struct Failing: Service {
        struct Failure: Error {}

        func run() async throws { throw Failure() }
    }

    /// Runs a service that does not end beside a deadline that records what it does instead of ending the process.
    ///
    /// - Returns: the first `count` events of the deadline.
    private func events(
        _ count: Int, isFailing: Bool = false, closing: Duration = .seconds(3_600),
        close: @escaping @Sendable () async -> Void = {}
    ) async throws -> [String] {
        let (held, release) = AsyncStream.makeStream(of: Void.self)
        let (said, say) = AsyncStream.makeStream(of: String.self)
        let deadline = StopDeadline(
            logger: logger, patience: .milliseconds(1), closing: closing,
            exit: { say.yield("ended with \($0)") },
            close: {
                await close()
                say.yield("closed")
            })
        var services: [any Service] = [Stubborn(release: held)]
        if isFailing { services.append(Failing()) }
        services.append(deadline)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services, logger: logger))
        let running = Task { try await group.run() }
        if !isFailing { await group.triggerGracefulShutdown() }
        var events: [String] = []
        for await event in said.prefix(count) { events.append(event) }
        release.finish()
        switch await running.result {
        case .success: #expect(!isFailing)
        case .failure(let error): #expect(error is Failing.Failure)
        }
        return events
    }

    @Test func `the databases are closed and the process exits with 0, although a service hangs`()
        async throws
    {
        #expect(try await events(2) == ["closed", "ended with 0"])
    }

    @Test func `the process exits although a database does not close`() async throws {
        let (busy, free) = AsyncStream.makeStream(of: Void.self)
        let events = try await events(1, closing: .milliseconds(1)) { for await _ in busy {} }
        #expect(events == ["ended with 0"])
        free.finish()
    }

    @Test func `the process exits with 1 where a service has failed`() async throws {
        #expect(try await events(2, isFailing: true) == ["closed", "ended with 1"])
    }
}

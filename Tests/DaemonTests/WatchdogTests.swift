import IntentQueue
import Logging
import ServiceLifecycle
import SystemdIntegration
import TestSupport
import Testing

@testable import Adaptation
@testable import Daemon

@Suite("Watchdog", .timeLimit(.minutes(20)))
struct WatchdogTests {
    private let patience = Duration.seconds(1_000)

    private func standstill(_ board: WorkerBoard, queued: Int, after time: Duration) -> Bool {
        board.standstill(queued: queued, at: .now + time, patience: patience) != nil
    }

    @Test func `idle workers with an empty queue are never stuck`() {
        let board = WorkerBoard(workers: 2)
        for worker in 0..<2 { board.begin(.waiting, worker: worker) }
        #expect(!standstill(board, queued: 0, after: .seconds(1_000_000)))
    }

    @Test func `a worker that stays in one step too long is stuck`() {
        for step in [WorkerBoard.Step.taking, .stage(.generating), .ending, .troubled] {
            let board = WorkerBoard(workers: 2)
            board.begin(.waiting, worker: 0)
            board.begin(step, worker: 1)
            #expect(!standstill(board, queued: 0, after: .seconds(900)))
            #expect(standstill(board, queued: 0, after: .seconds(1_100)))
        }
    }

    @Test func `progress resets the timer`() {
        let board = WorkerBoard(workers: 1)
        board.begin(.stage(.encoding), worker: 0)
        #expect(standstill(board, queued: 1, after: .seconds(1_100)))
        board.begin(.stage(.generating), worker: 0)
        #expect(!standstill(board, queued: 1, after: .seconds(900)))
    }

    @Test func `queued requests that no worker leases are a standstill, unless another worker is busy`() {
        let board = WorkerBoard(workers: 2)
        for worker in 0..<2 { board.begin(.waiting, worker: worker) }
        #expect(!standstill(board, queued: 3, after: .seconds(900)))
        #expect(standstill(board, queued: 3, after: .seconds(1_100)))
        board.begin(.stage(.publishing), worker: 1)
        #expect(!standstill(board, queued: 3, after: .seconds(900)))
    }

    /// How often a watchdog notifies the service manager within a time, counted up to `enough`.
    private func feeds(
        _ board: WorkerBoard, patience: Duration, queued: @escaping @Sendable () async throws -> Int,
        enough: Int, within time: Duration
    ) async throws -> Int {
        let folder = try TemporaryFolder()
        let name = folder("notify")
        let receiver = try NotifySocket(name)
        let service = WatchdogService(
            notifier: Notifier(environment: ["NOTIFY_SOCKET": name]), interval: .milliseconds(20),
            board: board,
            queued: queued, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            patience: patience)
        let running = Task { try await service.run() }
        let end = ContinuousClock.now + time
        var count = 0
        while count < enough, ContinuousClock.now < end {
            while let message = receiver.receive() { count += message == "WATCHDOG=1" ? 1 : 0 }
            try await Task.sleep(for: .milliseconds(5))
        }
        running.cancel()
        _ = try? await running.value
        return count
    }

    @Test func `the watchdog is fed while workers are idle, even where the queue returns errors`()
        async throws
    {
        struct Trouble: Error {}
        let board = WorkerBoard(workers: 1)
        board.begin(.waiting, worker: 0)
        #expect(
            try await feeds(board, patience: .seconds(60), queued: { 0 }, enough: 3, within: .seconds(900))
                >= 3)
        let troubled = try await feeds(
            board, patience: .seconds(60), queued: { throw Trouble() }, enough: 3, within: .seconds(900))
        #expect(troubled >= 3)
    }

    @Test func `the watchdog is not fed when a worker is stuck or the queue does not answer`() async throws {
        let board = WorkerBoard(workers: 1)
        board.begin(.stage(.generating), worker: 0)
        try await Task.sleep(for: .milliseconds(30))
        let stuck = try await feeds(
            board, patience: .milliseconds(20), queued: { 0 }, enough: 1, within: .milliseconds(300))
        #expect(stuck == 0)
        board.begin(.waiting, worker: 0)
        let silent = try await feeds(
            board, patience: .seconds(60),
            queued: {
                try await Task.sleep(for: .seconds(3_600))
                return 0
            }, enough: 1, within: .milliseconds(300))
        #expect(silent == 0)
    }

    @Test func `a longer start timeout is requested at most once a second`() throws {
        let folder = try TemporaryFolder()
        let name = folder("notify")
        let receiver = try NotifySocket(name)
        let start = StartProgress(Notifier(environment: ["NOTIFY_SOCKET": name]))
        start.begin("Looking")
        for _ in 0..<100 { start.step() }
        #expect(receiver.receive() == "STATUS=Looking")
        #expect(receiver.receive() == "EXTEND_TIMEOUT_USEC=60000000")
    }
}

import Foundation
import IntentQueue
import Logging
import ServiceLifecycle
import SystemdIntegration
import Testing

@testable import SgloradCore

@Suite("The watchdog", .timeLimit(.minutes(20)))
struct WatchdogTests {
    private let patience = Duration.seconds(10)

    private func standstill(_ board: WorkerBoard, queued: Int, after time: Duration) -> Bool {
        board.standstill(queued: queued, at: .now + time, patience: patience) != nil
    }

    @Test func `idle workers and an empty queue are fine for ever`() {
        let board = WorkerBoard(workers: 2)
        for worker in 0..<2 { board.begin(.waiting, worker: worker) }
        #expect(!standstill(board, queued: 0, after: .seconds(1_000_000)))
    }

    @Test func `a worker at one step for too long is a standstill`() {
        for step in [WorkerBoard.Step.taking, .stage(.generating), .ending, .troubled] {
            let board = WorkerBoard(workers: 2)
            board.begin(.waiting, worker: 0)
            board.begin(step, worker: 1)
            #expect(!standstill(board, queued: 0, after: .seconds(9)))
            #expect(standstill(board, queued: 0, after: .seconds(11)))
        }
    }

    @Test func `progress makes up for it`() {
        let board = WorkerBoard(workers: 1)
        board.begin(.stage(.encoding), worker: 0)
        #expect(standstill(board, queued: 1, after: .seconds(11)))
        board.begin(.stage(.generating), worker: 0)
        #expect(!standstill(board, queued: 1, after: .seconds(9)))
    }

    @Test func `requests that nobody takes are a standstill, unless somebody works`() {
        let board = WorkerBoard(workers: 2)
        for worker in 0..<2 { board.begin(.waiting, worker: worker) }
        #expect(!standstill(board, queued: 3, after: .seconds(9)))
        #expect(standstill(board, queued: 3, after: .seconds(11)))
        board.begin(.stage(.publishing), worker: 1)
        #expect(!standstill(board, queued: 3, after: .seconds(9)))
    }

    /// What a watchdog says to a service manager within a time.
    private func feeds(
        _ board: WorkerBoard, patience: Duration, queued: @escaping @Sendable () async throws -> Int,
        enough: Int, within time: Duration
    ) async throws -> Int {
        let name = "/tmp/sgl-\(UUID().uuidString.prefix(13))"
        defer { unlink(name) }
        let receiver = try NotifySocket(path: name)
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

    @Test func `it is fed while workers have nothing to do, even where the queue answers with an error`()
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

    @Test func `it starves when a worker is stuck, and when the queue does not answer`() async throws {
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

    @Test func `time is asked for once a second at most`() throws {
        let name = "/tmp/sgl-\(UUID().uuidString.prefix(13))"
        defer { unlink(name) }
        let receiver = try NotifySocket(path: name)
        let start = StartProgress(Notifier(environment: ["NOTIFY_SOCKET": name]))
        start.begin("Looking")
        for _ in 0..<100 { start.step() }
        #expect(receiver.receive() == "STATUS=Looking")
        #expect(receiver.receive() == "EXTEND_TIMEOUT_USEC=60000000")
    }
}

/// A bound datagram socket, as the service manager has one.
private final class NotifySocket: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
    }

    deinit { close(descriptor) }

    func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

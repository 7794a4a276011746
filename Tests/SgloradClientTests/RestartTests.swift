import Foundation
import TestSupport
import Testing

@testable import SgloradClient

/// Waits that are cancelled, time out, or outlive the daemon.
@Suite("Client: restarts and cancellation", .timeLimit(.minutes(20)), .needsModel)
struct RestartTests {
    static let intent = "match definitions of birds to their names"

    /// Prepares a folder with a library, whose daemon is not running.
    private func withLibrary(_ body: @Sendable (DaemonProcess, SgloradClient) async throws -> Void)
        async throws
    {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { try await $0.importExperts(Places.twoExperts) }
            let daemon = try DaemonProcess(folder: folder)
            try await body(daemon, SgloradClient(socket: daemon.socket, patience: .seconds(120)))
        }
    }

    @Test("with a key, a wait survives a crash and an orderly stop", arguments: [true, false])
    func restart(byKilling isKilled: Bool) async throws {
        try await withLibrary { daemon, client in
            let wait = Mutexed<Task<SgloradClient.Adapter, any Error>?>(nil)
            try await daemon.run(stoppingBy: isKilled ? .killing : .terminating) { process in
                try #require(try await daemon.waitUntilServing(process))
                // The daemon stands still, so that the request cannot be done before it ends.
                try await standStill(process)
                wait.change {
                    $0 = Task { try await client.request(Self.intent, seed: 3, idempotencyKey: "k") }
                }
                try await eventually("the request to reach the socket") {
                    try UnixSocket.unaccepted(at: daemon.socket) == 1
                }
                if !isKilled { kill(process, SIGCONT) }
            }
            try await daemon.run { process in
                try #require(try await daemon.waitUntilServing(process))
                let adapter = try await #require(wait.value).value
                #expect(adapter.seed == 3)
                #expect(try await client.requests().count == 1)
            }
        }
    }

    @Test("without a key, the wait is interrupted; with one and no patience, it ends")
    func interruption() async throws {
        try await withLibrary { daemon, client in
            let waits = Mutexed<[Task<SgloradClient.Adapter, any Error>]>([])
            let impatient = SgloradClient(socket: daemon.socket, patience: .milliseconds(100))
            try await daemon.run(stoppingBy: .killing) { process in
                try #require(try await daemon.waitUntilServing(process))
                try await standStill(process)
                waits.change {
                    $0 = [
                        Task { try await client.request(Self.intent) },
                        Task { try await impatient.request(Self.intent, idempotencyKey: "k") },
                    ]
                }
                try await eventually("both requests to reach the socket") {
                    try UnixSocket.unaccepted(at: daemon.socket) == 2
                }
            }
            #expect(await failure { try await waits.value[0].value }?.isInterrupted == true)
            #expect(await failure { try await waits.value[1].value }?.isTransient == true)
            #expect(
                await failure { try await client.request(Self.intent, idempotencyKey: "k") }?.isUnreachable
                    == true)
        }
    }

    @Test("cancelling the task cancels the request")
    func cancellation() async throws {
        try await withLibrary { daemon, client in
            try await daemon.run { process in
                try #require(try await daemon.waitUntilServing(process))
                let id = Mutexed<String?>(nil)
                let waiting = Mutexed<Task<SgloradClient.Adapter, any Error>?>(nil)
                let (known, tell) = AsyncStream.makeStream(of: Void.self)
                let wait = Task {
                    for await _ in known {}
                    return try await client.request(.init(Self.intent)) { request in
                        // The daemon stands still once it has queued the request, and no later reply is read before
                        // the cancellation.
                        guard id.value == nil else { return }
                        kill(process, SIGSTOP)
                        waiting.value?.cancel()
                        id.change { $0 = request.id }
                    }
                }
                waiting.change { $0 = wait }
                tell.finish()
                let requestID = try await firstValue("the request") { id.value }
                kill(process, SIGCONT)
                await #expect(throws: CancellationError.self) { try await wait.value }
                let state = try await client.request(withID: requestID).state
                #expect(state == .cancelled || state == .done || state == .running)
                await #expect(throws: CancellationError.self) {
                    try await Task {
                        withUnsafeCurrentTask { $0?.cancel() }
                        return try await client.request(Self.intent)
                    }.value
                }
            }
        }
    }

    @Test("a timeout ends the wait and names the request, which goes on")
    func timeout() async throws {
        try await withLibrary { daemon, client in
            try await daemon.run { process in
                try #require(try await daemon.waitUntilServing(process))
                let brief = SgloradClient(socket: daemon.socket, timeout: .milliseconds(500))
                try await standStill(process)
                #expect(await failure { try await brief.status() }?.isTimedOut == true)
                #expect(await failure { try await brief.request(Self.intent) }?.isTimedOut == true)
                kill(process, SIGCONT)
                #expect(try await client.status().health.isWell)
            }
        }
    }

    @Test("changes are told across a restart, or end with the daemon")
    func monitor() async throws {
        try await withLibrary { daemon, client in
            #expect(await failure { for try await _ in client.monitor() {} }?.isUnreachable == true)
            let counted = Mutexed(0)
            let reading = Mutexed<Task<Void, any Error>?>(nil)
            try await daemon.run { process in
                try #require(try await daemon.waitUntilServing(process))
                reading.change {
                    $0 = Task {
                        for try await _ in client.monitor(acrossRestarts: true) { counted.change { $0 += 1 } }
                    }
                }
                try await eventually("the health") { counted.value > 0 }
            }
            let before = counted.value
            try await daemon.run { process in
                try #require(try await daemon.waitUntilServing(process))
                try await eventually("the health after the restart") { counted.value > before }
                reading.value?.cancel()
                await #expect(throws: CancellationError.self) { try await #require(reading.value).value }
            }
        }
    }
}

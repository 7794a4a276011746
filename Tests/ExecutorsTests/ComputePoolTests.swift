import ErrorModel
import Foundation
import TestSupport
import Testing

@testable import Executors

@Suite("The pool", .timeLimit(.minutes(20)))
struct ComputePoolTests {
    private let pool = ComputePool(threads: 1)

    @Test func `a body that can be interrupted learns that nobody waits for it any more`() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (pool, other) = (pool, ComputePool(threads: 1))
        let task = Task {
            try await pool.runInterruptible { (isCancelled) throws(SgloradError) -> Int in
                begin.finish()
                while !isCancelled() { usleep(1_000) }
                throw .cancelled("nobody waits")
            }
        }
        for await _ in begun {}
        // Another's cancellation is not its own.
        let value = try await other.runInterruptible { (isCancelled) throws(SgloradError) -> Int in
            isCancelled() ? 0 : 7
        }
        #expect(value == 7)
        task.cancel()
        let error = await refusal(.cancelled) { _ = try await task.value }
        #expect(error?.message.contains("nobody waits") == true)
        await pool.shutdown()
        await other.shutdown()
    }

    @Test func `what a body throws is thrown`() async throws {
        _ = await refusal(.notFound) {
            _ = try await pool.runInterruptible { (_) throws(SgloradError) -> Int in
                throw .notFound("thing", "x", remedy: "There is none.")
            }
        }
        await pool.shutdown()
    }
}

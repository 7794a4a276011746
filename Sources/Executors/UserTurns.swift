public import ErrorModel
internal import Foundation

/// Limits the number of concurrent computations per user. Further ones of the same user wait in FIFO order;
/// other users are not affected.
public actor UserTurns {
    private struct Waiter {
        let key: UUID
        let continuation: CheckedContinuation<Bool, Never>
    }

    private let limit: Int
    private var running: [UInt32: Int] = [:]
    private var waiting: [UInt32: [Waiter]] = [:]

    /// - Parameter limit: the number of computations that each user may run at once.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Runs `body` once the user is below the limit.
    ///
    /// - Throws: what `body` throws; `CancellationError` if the task was cancelled before its turn came.
    public nonisolated func run<T: Sendable>(for uid: UInt32, _ body: () async throws -> T) async throws -> T
    {
        guard await begin(uid) else { throw CancellationError() }
        do {
            let result = try await body()
            await end(uid)
            return result
        } catch {
            await end(uid)
            throw error
        }
    }

    /// As ``run(for:_:)``, with typed errors.
    ///
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    public nonisolated func take<T: Sendable>(
        for uid: UInt32, _ body: () async throws(SgloradError) -> T
    ) async throws(SgloradError) -> T {
        do {
            return try await run(for: uid, body)
        } catch let error as SgloradError {
            throw error
        } catch {
            throw .cancelled("the caller stopped waiting")
        }
    }

    private func begin(_ uid: UInt32) async -> Bool {
        if running[uid, default: 0] < limit {
            running[uid, default: 0] += 1
            return true
        }
        let key = UUID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: false)
                } else {
                    waiting[uid, default: []].append(Waiter(key: key, continuation: continuation))
                }
            }
        } onCancel: {
            Task { await self.giveUp(key, uid) }
        }
    }

    /// Hands the turn to the user's longest-waiting computation, if any.
    private func end(_ uid: UInt32) {
        if var line = waiting[uid], !line.isEmpty {
            let next = line.removeFirst()
            waiting[uid] = line.isEmpty ? nil : line
            next.continuation.resume(returning: true)
        } else {
            let rest = running[uid, default: 1] - 1
            running[uid] = rest > 0 ? rest : nil
        }
    }

    private func giveUp(_ key: UUID, _ uid: UInt32) {
        guard let place = waiting[uid]?.firstIndex(where: { $0.key == key }) else { return }
        let waiter = waiting[uid]?.remove(at: place)
        if waiting[uid]?.isEmpty == true { waiting[uid] = nil }
        waiter?.continuation.resume(returning: false)
    }
}

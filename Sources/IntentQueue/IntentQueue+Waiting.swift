internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB

extension IntentQueue {
    /// Waits until something may be queued, or the task is cancelled.
    public func waitForWork() async {
        let key = UUID()
        await withTaskCancellationHandler {
            let seen = submissions
            let isWaiting = try? await database.read { db in
                try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM request WHERE state = 'queued')")
            }
            if isWaiting != false || submissions != seen { return }
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume() } else { idle[key] = continuation }
            }
        } onCancel: {
            Task { await self.stopWaiting(key) }
        }
    }

    /// A request's present state and then each change, to the final one.
    ///
    /// - Returns: a stream that ends after the final state; at once where there is no such request.
    public func changes(of id: String) async throws(SgloradError) -> AsyncStream<QueuedRequest> {
        // Of a reader who stays behind only the newest counts: the final state is always among them.
        let (stream, continuation) = AsyncStream.makeStream(
            of: QueuedRequest.self, bufferingPolicy: .bufferingNewest(16))
        let key = UUID()
        continuation.onTermination = { _ in Task { await self.unwatch(id, key) } }
        guard !hasEndedWatches else {
            continuation.finish()
            return stream
        }
        // Watched before it is read, so that no change falls between; a state seen twice does no harm.
        watchers[id, default: [:]][key] = continuation
        guard let present = try await request(id) else {
            continuation.finish()
            return stream
        }
        continuation.yield(present)
        if present.state.isFinal { continuation.finish() }
        return stream
    }

    /// Ends all streams of changes: nobody is to wait for a request any more.
    public func endWatches() {
        interruption = nil
        hasEndedWatches = true
        finishWatches()
    }

    /// Ends all streams of changes because the disk or the database refuses to say how requests end: whoever waits is told so
    /// by ``interruption``, and does not wait for a disk that may never be mended.
    public func interruptWatches(_ error: SgloradError) {
        interruption = error
        finishWatches()
    }

    private func finishWatches() {
        for stream in watchers.values.flatMap(\.values) { stream.finish() }
        watchers = [:]
        for stream in watchersOfAll.values { stream.finish() }
        watchersOfAll = [:]
    }

    /// Every change of every request from now on.
    ///
    /// - Returns: a stream that ends with ``endWatches()``, and where its reader stays so far behind that a change would be
    ///   lost.
    public func changesOfAll() -> AsyncStream<QueuedRequest> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: QueuedRequest.self, bufferingPolicy: .bufferingOldest(4096))
        let key = UUID()
        continuation.onTermination = { _ in Task { await self.unwatchAll(key) } }
        if hasEndedWatches { continuation.finish() } else { watchersOfAll[key] = continuation }
        return stream
    }

    private func unwatchAll(_ key: UUID) { watchersOfAll[key] = nil }

    func announce(_ request: QueuedRequest) {
        for continuation in watchersOfAll.values {
            if case .dropped = continuation.yield(request) { continuation.finish() }
        }
        guard let continuations = watchers[request.id]?.values else { return }
        for continuation in continuations {
            continuation.yield(request)
            if request.state.isFinal { continuation.finish() }
        }
        if request.state.isFinal { watchers[request.id] = nil }
    }

    func wake() {
        submissions += 1
        for continuation in idle.values { continuation.resume() }
        idle = [:]
    }

    private func unwatch(_ id: String, _ key: UUID) {
        watchers[id]?[key] = nil
        if watchers[id]?.isEmpty == true { watchers[id] = nil }
    }

    private func stopWaiting(_ key: UUID) {
        idle.removeValue(forKey: key)?.resume()
    }
}

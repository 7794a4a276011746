internal import ErrorModel
internal import Synchronization

/// Which adapters' files were looked at since the start: all, unless the start has left the examination to be made beside the
/// service.
///
/// An adapter that was not looked at yet is looked at when it is used.
final class ExaminedAdapters: Sendable {
    private struct State {
        var isComplete = true
        var some: Set<String> = []
        var hasFoundDamage = false
        /// The repairs that are under way, by adapter.
        var repairs: [String: Task<Result<Bool, SgloradError>, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Whether all were.
    var isComplete: Bool { state.withLock { $0.isComplete } }

    /// Whether a database was found damaged in this run, so that the next start must examine it before it serves.
    var hasFoundDamage: Bool { state.withLock { $0.hasFoundDamage } }

    /// Whether an adapter was.
    func covers(_ id: String) -> Bool { state.withLock { $0.isComplete || $0.some.contains(id) } }

    /// Notes that an adapter was looked at, and repaired where it had to be.
    func add(_ id: String) {
        state.withLock { state in if !state.isComplete { state.some.insert(id) } }
    }

    /// Repairs an adapter, which counts as looked at only afterwards; whoever asks meanwhile waits for the same repair.
    ///
    /// - Returns: what `body` returns.
    func repair(
        _ id: String, _ body: @escaping @Sendable () async throws(SgloradError) -> Bool
    ) async throws(SgloradError) -> Bool {
        let task = state.withLock { state in
            if let underWay = state.repairs[id] { return underWay }
            let task = Task {
                let result: Result<Bool, SgloradError>
                do throws(SgloradError) { result = .success(try await body()) } catch {
                    result = .failure(error)
                }
                self.ended(id, result)
                return result
            }
            state.repairs[id] = task
            return task
        }
        return try await task.value.get()
    }

    private func ended(_ id: String, _ result: Result<Bool, SgloradError>) {
        // First, so that nobody begins another repair in between.
        if case .success = result { add(id) }
        state.withLock { $0.repairs[id] = nil }
    }

    /// Notes whether all were.
    func set(_ isComplete: Bool) {
        state.withLock { state in
            state.isComplete = isComplete
            state.some = []
        }
    }

    /// Notes that a database was found damaged.
    func noteDamage() { state.withLock { $0.hasFoundDamage = true } }
}

/// Lets callers pass one at a time, in the order in which they came.
///
/// Guards a sequence of steps that suspends in between, which an actor does not keep together.
public actor Turnstile {
    private var isOccupied = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Creates a turnstile that nobody is in.
    public init() {}

    /// Runs `body` once everybody who came earlier has finished.
    ///
    /// The body must not enter the same turnstile again. A caller whose task is cancelled keeps its turn, and `body`
    /// decides what a cancellation means.
    ///
    /// - Throws: what `body` throws.
    public nonisolated func pass<Failure: Error, T: Sendable>(
        _ body: @Sendable () async throws(Failure) -> T
    ) async throws(Failure) -> T {
        await enter()
        do throws(Failure) {
            let result = try await body()
            await leave()
            return result
        } catch {
            await leave()
            throw error
        }
    }

    private func enter() async {
        guard isOccupied else {
            isOccupied = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { isOccupied = false } else { waiting.removeFirst().resume() }
    }
}

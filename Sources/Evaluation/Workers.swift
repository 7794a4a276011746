internal import Dispatch
internal import ErrorModel
internal import Synchronization

/// Runs independent pieces of work on a few threads; results are in the order of the pieces.
enum Workers {
    /// The results of `body` for 0..<count, each piece begun in order.
    ///
    /// - Throws: the error of the first piece, in order, of those that failed; pieces that were not begun by then are not.
    static func map<T: Sendable>(
        _ count: Int, threads: Int, _ body: @Sendable (Int) throws(SgloradError) -> T
    ) throws(SgloradError) -> [T] {
        let state = Mutex(State<T>(results: [T?](repeating: nil, count: count)))
        DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in
            while let index = state.withLock({ $0.take() }) {
                do throws(SgloradError) {
                    let result = try body(index)
                    state.withLock { $0.results[index] = result }
                } catch {
                    state.withLock { $0.fail(index, error) }
                }
            }
        }
        let end = state.withLock { $0 }
        if let failure = end.failure { throw failure.error }
        return end.results.compactMap { $0 }
    }

    private struct State<T: Sendable>: Sendable {
        var next = 0
        var results: [T?]
        var failure: (index: Int, error: SgloradError)?

        mutating func take() -> Int? {
            guard failure == nil, next < results.count else { return nil }
            defer { next += 1 }
            return next
        }

        mutating func fail(_ index: Int, _ error: SgloradError) {
            if failure.map({ index < $0.index }) ?? true { failure = (index, error) }
        }
    }
}

internal import Dispatch
internal import ErrorModel
internal import Foundation
internal import Glibc
internal import Synchronization

/// Runs independent work items on a few threads; results are in the order of the items.
public enum Workers {
    /// The number of processors that are online.
    public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The results of `body` for 0..<count; items are started in order.
    ///
    /// - Throws: the error of the failed item with the lowest index. Items that had not been started by then
    ///   are skipped.
    static func map<T: Sendable>(
        _ count: Int, threads: Int, _ body: @Sendable (Int) throws(SgloradError) -> T
    ) throws(SgloradError) -> [T] {
        let work = Work<T>(count)
        DispatchQueue.concurrentPerform(iterations: max(1, min(threads, count))) { _ in work.run(body) }
        return try work.results()
    }

    /// As ``map(_:threads:_:)``, on new threads of low priority, so that requests which take milliseconds do not wait.
    ///
    /// The caller's thread waits meanwhile.
    static func mapInBackground<T: Sendable>(
        _ count: Int, threads: Int = processors, _ body: @escaping @Sendable (Int) throws(SgloradError) -> T
    ) throws(SgloradError) -> [T] {
        let work = Work<T>(count)
        let group = DispatchGroup()
        for _ in 0..<max(1, min(threads, count)) {
            group.enter()
            let thread = Thread {
                // On Linux, priorities are those of threads.
                setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness)
                work.run(body)
                group.leave()
            }
            thread.stackSize = stackSize
            thread.start()
        }
        group.wait()
        return try work.results()
    }

    /// How nice the threads of ``mapInBackground(_:threads:_:)`` are, -20 to 19.
    private static let niceness: Int32 = 10
    private static let stackSize = 8 << 20

    /// The items of one call.
    private final class Work<T: Sendable>: Sendable {
        private let state: Mutex<State<T>>

        init(_ count: Int) { state = Mutex(State<T>(results: [T?](repeating: nil, count: count))) }

        /// Computes items until none is left.
        func run(_ body: (Int) throws(SgloradError) -> T) {
            while let index = state.withLock({ $0.take() }) {
                do throws(SgloradError) {
                    let result = try body(index)
                    state.withLock { $0.results[index] = result }
                } catch {
                    state.withLock { $0.fail(index, error) }
                }
            }
        }

        func results() throws(SgloradError) -> [T] {
            let end = state.withLock { $0 }
            if let failure = end.failure { throw failure.error }
            return end.results.compactMap { $0 }
        }
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

/// Counts what worker threads have done in one stage, and reports every change.
final class ProgressCounter: Sendable {
    private let stage: EvaluationProgress.Stage
    private let total: Int
    private let done = Mutex(0)
    private let report: @Sendable (EvaluationProgress) -> Void

    /// Starts a stage, which is reported at once.
    init(
        _ stage: EvaluationProgress.Stage, total: Int,
        _ report: @escaping @Sendable (EvaluationProgress) -> Void
    ) {
        self.stage = stage
        self.total = total
        self.report = report
        report(EvaluationProgress(stage: stage, done: 0, total: total))
    }

    /// Adds steps or texts, and reports the new count; reports are in the order of their counts.
    func add(_ count: Int) {
        done.withLock { done in
            done += count
            report(EvaluationProgress(stage: stage, done: done, total: total))
        }
    }
}

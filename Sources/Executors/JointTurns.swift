public import ErrorModel
internal import NIOPosix
internal import Synchronization

/// Computes what several users ask for together, where that is cheaper than one by one.
///
/// Nothing waits for company: whoever comes while a thread is free is computed at once. What comes while all are busy
/// stands in the line of its user, and a thread that becomes free takes as much of it as one batch may cost. The users
/// take turns, the one who has used the least first, so however much one of them asks for, another's next item waits
/// only for batches that are running. Within one user, items are taken in the order in which they came. Use that a user
/// did not make is not saved up (start-time fair queueing, Goyal, Vin and Cheng, SIGCOMM 1996).
public final class JointTurns<Input: Sendable, Output: Sendable>: Sendable {
    /// Something to compute, with what it costs and whose it is.
    public struct Job: Sendable {
        fileprivate let input: Input
        fileprivate let cost: Int
        fileprivate let user: UInt32

        /// - Parameters:
        ///   - input: what to compute.
        ///   - cost: what it costs; at least 1 counts.
        ///   - user: whose it is.
        public init(_ input: Input, cost: Int, for user: UInt32) {
            (self.input, self.cost, self.user) = (input, max(1, cost), user)
        }
    }

    private struct Item {
        let number: UInt64
        let job: Job
        let give: @Sendable (Result<Output, SgloradError>) -> Void

        func giveUp() { give(.failure(.cancelled("the caller stopped waiting"))) }
    }

    private struct Line {
        var waiting: [Item] = []
        /// The cost of what was taken from this line, on the virtual clock.
        var used = 0
    }

    private struct State {
        var lines: [UInt32: Line] = [:]
        /// The virtual clock: the largest `used` of a line from which an item was taken.
        var clock = 0
        var busy = 0
        var issued: UInt64 = 0
    }

    /// Lines of idle users are kept while there are fewer than this, because they tell what a user has just used.
    private static var remembered: Int { 1024 }

    private let compute: @Sendable ([Input]) -> [Result<Output, SgloradError>]
    private let limit: Int
    private let count: Int
    private let threads: NIOThreadPool
    private let state = Mutex(State())

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - count: the number of threads, each of which computes one batch at a time.
    ///   - limit: the most that the items of one batch cost together, unless it is a single one.
    ///   - compute: computes a batch; returns one result for each input, in their order.
    public init(
        threads count: Int, limit: Int,
        compute: @escaping @Sendable ([Input]) -> [Result<Output, SgloradError>]
    ) {
        (self.compute, self.limit, self.count) = (compute, limit, count)
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// Computes one item, alone or with others.
    ///
    /// - Parameters:
    ///   - input: the item.
    ///   - cost: what it costs, at least 1.
    ///   - user: whose it is.
    /// - Throws: the error that `compute` returned for it; `cancelled` if the task was cancelled before its turn came.
    public func run(_ input: Input, cost: Int, for user: UInt32) async throws(SgloradError) -> Output {
        guard let result = await run([Job(input, cost: cost, for: user)]).first else {
            throw .internal("a job has no result")
        }
        return try result.get()
    }

    /// Computes several items, which stand in line at the same time: none of them is computed before the others are there.
    ///
    /// - Returns: of each, in order, what `compute` returned for it; `cancelled` if the task was cancelled before its turn came.
    public func run(_ jobs: [Job]) async -> [Result<Output, SgloradError>] {
        guard !jobs.isEmpty else { return [] }
        let answers = Answers<Output>(count: jobs.count)
        let last = state.withLock { state in
            state.issued += UInt64(jobs.count)
            return state.issued
        }
        let items = jobs.enumerated().map { place, job in
            Item(number: last - UInt64(jobs.count - 1 - place), job: job) { answers.give($0, to: place) }
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answers.await(continuation)
                guard !Task.isCancelled else { return items.forEach { $0.giveUp() } }
                enter(items)
                // The cancellation may have come just before the items stood in line.
                if Task.isCancelled { leave(items) }
            }
        } onCancel: {
            leave(items)
        }
    }

    /// Stops the threads once they are idle.
    public func shutdown() async {
        try? await threads.shutdownGracefully()
    }

    /// How many items wait for their turn.
    var waiting: Int { state.withLock { $0.lines.values.reduce(0) { $0 + $1.waiting.count } } }

    /// How many batches are being computed.
    var running: Int { state.withLock { $0.busy } }

    private func enter(_ items: [Item]) {
        let called = state.withLock { state in
            for item in items {
                var line = state.lines.removeValue(forKey: item.job.user) ?? Line()
                if line.waiting.isEmpty { line.used = max(line.used, state.clock) }
                line.waiting.append(item)
                state.lines[item.job.user] = line
            }
            // As many threads as they make batches.
            let cost = items.reduce(0) { $0 + $1.job.cost }
            let called = min(count - state.busy, items.count, (cost + limit - 1) / limit)
            state.busy += called
            return called
        }
        for _ in 0..<called { submit() }
    }

    /// Gives up those items that still wait.
    private func leave(_ items: [Item]) {
        let left = state.withLock { state in
            items.filter { item in
                let waiting = state.lines[item.job.user]?.waiting
                guard let place = waiting?.firstIndex(where: { $0.number == item.number }) else {
                    return false
                }
                state.lines[item.job.user]?.waiting.remove(at: place)
                return true
            }
        }
        for item in left { item.giveUp() }
    }

    private func submit() {
        threads.submit { [self] jobState in
            guard case .active = jobState else { return giveUpAll() }
            while let batch = state.withLock({ take(&$0) }) {
                let results = compute(batch.map(\.job.input))
                for (item, result) in zip(batch, results) { item.give(result) }
            }
        }
    }

    /// Takes the next batch out of the lines; nil, and the thread is free, if nobody waits.
    private func take(_ state: inout State) -> [Item]? {
        var batch: [Item] = []
        var cost = 0
        while let user = next(state), let first = state.lines[user]?.waiting.first,
            batch.isEmpty || cost + first.job.cost <= limit
        {
            state.lines[user]?.waiting.removeFirst()
            state.clock = max(state.clock, state.lines[user]?.used ?? 0)
            state.lines[user]?.used += first.job.cost
            cost += first.job.cost
            batch.append(first)
        }
        if batch.isEmpty { state.busy -= 1 }
        if state.lines.count > Self.remembered {
            let clock = state.clock
            state.lines = state.lines.filter { !$0.value.waiting.isEmpty || $0.value.used > clock }
        }
        return batch.isEmpty ? nil : batch
    }

    /// The user of whom something waits and who has used the least; of several, the one whose item came first.
    private func next(_ state: State) -> UInt32? {
        state.lines.filter { !$0.value.waiting.isEmpty }
            .min {
                ($0.value.used, $0.value.waiting[0].number) < ($1.value.used, $1.value.waiting[0].number)
            }?
            .key
    }

    /// The pool is stopping.
    private func giveUpAll() {
        let items = state.withLock { state in
            let items = state.lines.values.flatMap(\.waiting)
            state.lines = [:]
            state.busy -= 1
            return items
        }
        for item in items { item.giveUp() }
    }
}

/// Collects the results of several items, and resumes a continuation once all are there.
private final class Answers<Output: Sendable>: Sendable {
    typealias Results = [Result<Output, SgloradError>]

    private struct State {
        var results: [Result<Output, SgloradError>?]
        var missing: Int
        var waiting: CheckedContinuation<Results, Never>?
    }

    private let state: Mutex<State>

    init(count: Int) {
        state = Mutex(State(results: Array(repeating: nil, count: count), missing: count))
    }

    /// Call it once, before any result is given.
    func await(_ continuation: CheckedContinuation<Results, Never>) {
        state.withLock { $0.waiting = continuation }
    }

    func give(_ result: Result<Output, SgloradError>, to place: Int) {
        let (waiting, results) = state.withLock { state -> (CheckedContinuation<Results, Never>?, Results) in
            if state.results[place] == nil { state.missing -= 1 }
            state.results[place] = result
            guard state.missing == 0 else { return (nil, []) }
            defer { state.waiting = nil }
            return (state.waiting, state.results.compactMap { $0 })
        }
        waiting?.resume(returning: results)
    }
}

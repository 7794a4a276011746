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
    private struct Item {
        let number: UInt64
        let input: Input
        let cost: Int
        let answer: Answer<Output>
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
        let answer = Answer<Output>()
        let number = state.withLock { state in
            state.issued += 1
            return state.issued
        }
        let item = Item(number: number, input: input, cost: max(1, cost), answer: answer)
        let result: Result<Output, SgloradError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.await(continuation)
                guard !Task.isCancelled else { return Self.giveUp(answer) }
                enter(item, of: user)
                // The cancellation may have come just before the item stood in line.
                if Task.isCancelled, leave(number, of: user) { Self.giveUp(answer) }
            }
        } onCancel: {
            if leave(number, of: user) { Self.giveUp(answer) }
        }
        return try result.get()
    }

    /// Stops the threads once they are idle.
    public func shutdown() async {
        try? await threads.shutdownGracefully()
    }

    /// How many items wait for their turn.
    var waiting: Int { state.withLock { $0.lines.values.reduce(0) { $0 + $1.waiting.count } } }

    /// How many batches are being computed.
    var running: Int { state.withLock { $0.busy } }

    private static func giveUp(_ answer: Answer<Output>) {
        answer.give(.failure(.cancelled("the caller stopped waiting")))
    }

    private func enter(_ item: Item, of user: UInt32) {
        let isFree = state.withLock { state in
            var line = state.lines.removeValue(forKey: user) ?? Line()
            if line.waiting.isEmpty { line.used = max(line.used, state.clock) }
            line.waiting.append(item)
            state.lines[user] = line
            guard state.busy < count else { return false }
            state.busy += 1
            return true
        }
        if isFree { submit() }
    }

    /// Removes an item that waits; false if it was taken.
    private func leave(_ number: UInt64, of user: UInt32) -> Bool {
        state.withLock { state in
            guard let place = state.lines[user]?.waiting.firstIndex(where: { $0.number == number }) else {
                return false
            }
            state.lines[user]?.waiting.remove(at: place)
            return true
        }
    }

    private func submit() {
        threads.submit { [self] jobState in
            guard case .active = jobState else { return giveUpAll() }
            while let batch = state.withLock({ take(&$0) }) {
                let results = compute(batch.map(\.input))
                for (item, result) in zip(batch, results) { item.answer.give(result) }
            }
        }
    }

    /// Takes the next batch out of the lines; nil, and the thread is free, if nobody waits.
    private func take(_ state: inout State) -> [Item]? {
        var batch: [Item] = []
        var cost = 0
        while let user = next(state), let first = state.lines[user]?.waiting.first,
            batch.isEmpty || cost + first.cost <= limit
        {
            state.lines[user]?.waiting.removeFirst()
            state.clock = max(state.clock, state.lines[user]?.used ?? 0)
            state.lines[user]?.used += first.cost
            cost += first.cost
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
        for item in items { Self.giveUp(item.answer) }
    }
}

public import ErrorModel
internal import NIOPosix
internal import Synchronization

/// A thread pool whose users take turns: however much work one of them has, another's next piece waits only for pieces
/// that are running.
///
/// A piece that has started is not interrupted, so long work must be cut into short ones, each a call of
/// ``run(for:_:)``. Of the users whose pieces wait, the one with the fewest running comes first, and of those the one
/// who has used the least thread time. Time that a user did not ask for is not saved up (start-time fair queueing,
/// Goyal, Vin and Cheng, SIGCOMM 1996). Within one user, pieces run in the order in which they came.
public final class TurnPool: Sendable {
    /// One piece of work, in the line of its user.
    fileprivate final class Piece: Sendable {
        let work: @Sendable () -> Void
        let giveUp: @Sendable () -> Void

        init(work: @escaping @Sendable () -> Void, giveUp: @escaping @Sendable () -> Void) {
            self.work = work
            self.giveUp = giveUp
        }
    }

    fileprivate struct Line {
        var waiting: [Piece] = []
        var running = 0
        /// The thread time that the user has used, on the pool's virtual clock.
        var used = Duration.zero

        var isIdle: Bool { waiting.isEmpty && running == 0 }
    }

    fileprivate struct State {
        var lines: [UInt32: Line] = [:]
        /// The virtual clock: the largest `used` of a line at the start of one of its pieces.
        var clock = Duration.zero
    }

    /// Lines of idle users are kept while there are fewer than this, because they tell what a user has just used.
    private static let remembered = 1024

    private let threads: NIOThreadPool
    private let state = Mutex(State())

    /// Starts the threads.
    public init(threads count: Int) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// Runs a piece of work on a thread of the pool when its user's turn has come.
    ///
    /// - Parameters:
    ///   - user: whose work it is.
    ///   - body: the piece; it should take some ten milliseconds.
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    public func run<T: Sendable>(
        for user: UInt32, _ body: @escaping @Sendable () throws(SgloradError) -> T
    ) async throws(SgloradError) -> T {
        let answer = Answer<T>()
        let piece = Piece {
            do throws(SgloradError) {
                answer.give(.success(try body()))
            } catch {
                answer.give(.failure(error))
            }
        } giveUp: {
            answer.give(.failure(.cancelled("the caller stopped waiting")))
        }
        let result: Result<T, SgloradError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.await(continuation)
                guard !Task.isCancelled else { return piece.giveUp() }
                enter(piece, of: user)
                // The cancellation may have come just before the piece stood in line.
                if Task.isCancelled, leave(piece, of: user) { piece.giveUp() }
            }
        } onCancel: {
            if leave(piece, of: user) { piece.giveUp() }
        }
        return try result.get()
    }

    /// Stops the threads once they are idle.
    public func shutdown() async {
        try? await threads.shutdownGracefully()
    }

    /// How many pieces wait for their turn.
    var waiting: Int { state.withLock { $0.lines.values.reduce(0) { $0 + $1.waiting.count } } }

    /// How many pieces are running.
    var running: Int { state.withLock { $0.lines.values.reduce(0) { $0 + $1.running } } }

    private func enter(_ piece: Piece, of user: UInt32) {
        state.withLock { state in
            var line = state.lines.removeValue(forKey: user) ?? Line()
            if line.isIdle { line.used = max(line.used, state.clock) }
            line.waiting.append(piece)
            state.lines[user] = line
        }
        // One job for each piece, but not tied to it: a job runs whichever piece is next when a thread is free.
        threads.submit { [self] jobState in
            guard case .active = jobState else {
                if leave(piece, of: user) { piece.giveUp() }
                return
            }
            runNext()
        }
    }

    /// Removes a piece that waits; false if it runs or has run.
    private func leave(_ piece: Piece, of user: UInt32) -> Bool {
        state.withLock { state in
            guard let place = state.lines[user]?.waiting.firstIndex(where: { $0 === piece }) else {
                return false
            }
            state.lines[user]?.waiting.remove(at: place)
            return true
        }
    }

    private func runNext() {
        // Nothing waits where a piece has left.
        guard let (user, piece) = state.withLock({ $0.take() }) else { return }
        let start = ContinuousClock.now
        piece.work()
        let elapsed = ContinuousClock.now - start
        state.withLock { state in
            state.lines[user]?.running -= 1
            state.lines[user]?.used += elapsed
            guard state.lines.count > Self.remembered else { return }
            state.lines = state.lines.filter { !$0.value.isIdle || $0.value.used > state.clock }
        }
    }
}

extension TurnPool.State {
    /// Takes the next piece out of its line; nil if none waits.
    fileprivate mutating func take() -> (user: UInt32, piece: TurnPool.Piece)? {
        let next = lines.filter { !$0.value.waiting.isEmpty }
            .min { ($0.value.running, $0.value.used) < ($1.value.running, $1.value.used) }
        guard let user = next?.key, let piece = lines[user]?.waiting.removeFirst() else { return nil }
        lines[user]?.running += 1
        clock = max(clock, lines[user]?.used ?? clock)
        return (user, piece)
    }
}

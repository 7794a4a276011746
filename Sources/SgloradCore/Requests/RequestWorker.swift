internal import ErrorModel
internal import ExpertCache
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle

/// Takes requests from the queue and answers them, one at a time, until the daemon stops; what it is at by then it ends, or
/// gives back.
struct RequestWorker: Service {
    let queue: IntentQueue
    let pipeline: AdapterPipeline
    let board: WorkerBoard
    /// Which of the workers this is.
    let number: Int
    let metrics: DaemonMetrics
    let logger: Logger

    func run() async throws {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            board.begin(.taking, worker: number)
            do {
                if let taken = try await queue.take() {
                    await process(taken)
                    continue
                }
            } catch {
                logger.error("the queue cannot be read", metadata: ["error": "\(error)"])
                board.begin(.troubled, worker: number)
                await queue.interruptWatches(error)
                // A disk that is full or gone does not come back sooner for being asked without pause.
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
                continue
            }
            board.begin(.waiting, worker: number)
            await cancelWhenGracefulShutdown { await queue.waitForWork() }
        }
    }

    private func process(_ taken: TakenRequest) async {
        let start = ContinuousClock.now
        var standing = LeaseStanding.held
        var stopwatch = StageStopwatch(metrics)
        let outcome: Result<AdapterRecord, SgloradError>
        do throws(SgloradError) {
            outcome = .success(
                try await pipeline.answer(taken.request, taken.intent) { (stage) throws(SgloradError) in
                    board.begin(.stage(stage), worker: number)
                    stopwatch.begin(stage)
                    standing = await queue.report(stage, taken.lease)
                    if standing != .held { throw .cancelled("the request was called off") }
                })
        } catch {
            outcome = .failure(error)
        }
        stopwatch.end()
        let last = standing
        board.begin(.ending, worker: number)
        // Not a child: the last commit must not be cut off by a shutdown that is running out of patience.
        await Task {
            while !(await end(taken, outcome, last, since: start)), !Task.isShuttingDownGracefully {
                board.begin(.troubled, worker: number)
                try? await Task.sleep(for: Self.pause)
            }
        }.value
    }

    /// How long it is from one attempt to write to the next.
    private static let pause = Duration.seconds(1)

    /// Writes down how a request ended.
    ///
    /// - Returns: false where the disk or the database refuses: whoever waits is told, and it is to be tried again, for until
    ///   then nobody may touch the request.
    private func end(
        _ taken: TakenRequest, _ outcome: Result<AdapterRecord, SgloradError>, _ standing: LeaseStanding,
        since start: ContinuousClock.Instant
    ) async -> Bool {
        do throws(SgloradError) {
            let counts = try await finish(taken.lease, outcome, standing)
            let elapsed = ContinuousClock.now - start
            if counts, let state = Self.end(outcome, standing) { metrics.ended(state, took: elapsed) }
            logger.info(
                counts ? "request ended" : "a request's lease ran out; what came of it does not count",
                metadata: [
                    "request": "\(taken.request.id)", "outcome": "\(Self.name(outcome))",
                    "took": "\(elapsed)",
                ])
            return true
        } catch {
            logger.error(
                "a request's end cannot be written yet",
                metadata: ["request": "\(taken.request.id)", "error": "\(error)"])
            await queue.interruptWatches(error)
            return false
        }
    }

    /// Tells the queue what came of a request; false where the lease was lost.
    private func finish(
        _ lease: Lease, _ outcome: Result<AdapterRecord, SgloradError>, _ standing: LeaseStanding
    ) async throws(SgloradError) -> Bool {
        guard let state = Self.end(outcome, standing) else {
            return try await queue.giveBack(lease, countingAttempt: false)
        }
        switch outcome {
        case .success(let adapter):
            return try await queue.finish(lease, as: state, adapter: adapter.id)
        case .failure where state == .cancelled:
            return try await queue.finish(lease, as: state)
        case .failure(let error):
            return try await queue.finish(lease, as: state, failure: try WireJSON.string(error))
        }
    }

    /// The state that a request ends in; nil where it does not end, because the daemon stops and the request is not to blame.
    private static func end(
        _ outcome: Result<AdapterRecord, SgloradError>, _ standing: LeaseStanding
    ) -> RequestState? {
        switch outcome {
        case .success: .done
        case .failure(let error) where standing == .held && error.code == .cancelled: nil
        case .failure where standing == .calledOff: .cancelled
        case .failure(let error): error.code == .noRelevantExpert ? .refused : .failed
        }
    }

    private static func name(_ outcome: Result<AdapterRecord, SgloradError>) -> String {
        switch outcome {
        case .success(let adapter): adapter.id
        case .failure(let error): error.code.name
        }
    }
}

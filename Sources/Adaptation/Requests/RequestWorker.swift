internal import ErrorModel
internal import ExpertLibrary
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle

/// Takes requests from the queue and processes them, one at a time, until the daemon stops.
///
/// Work in progress is then finished or requeued.
struct RequestWorker: Service {
    let queue: RequestQueue
    let pipeline: AdapterPipeline
    let board: WorkerBoard
    /// The worker's index on the board.
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
                // Pause: a full or missing disk does not recover faster if it is polled.
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
                    if standing != .held { throw .cancelled("the request was cancelled") }
                })
        } catch {
            outcome = .failure(error)
        }
        stopwatch.end()
        let last = standing
        board.begin(.ending, worker: number)
        // Unstructured, so that the cancellation of a late shutdown does not interrupt the last commit.
        await Task {
            while !(await end(taken, outcome, last, since: start)), !Task.isShuttingDownGracefully {
                board.begin(.troubled, worker: number)
                try? await Task.sleep(for: Self.pause)
            }
        }.value
    }

    /// The pause between attempts to reach the queue.
    private static let pause = Duration.seconds(1)

    /// Records how a request ended.
    ///
    /// - Returns: false if the database cannot be written. Waiting callers have been told; the worker must
    ///   retry, since it holds the request's lease.
    private func end(
        _ taken: TakenRequest, _ outcome: Result<AdapterRecord, SgloradError>, _ standing: LeaseStanding,
        since start: ContinuousClock.Instant
    ) async -> Bool {
        do throws(SgloradError) {
            let counts = try await finish(taken.lease, outcome, standing)
            let elapsed = ContinuousClock.now - start
            if counts, let state = Self.end(outcome, standing) { metrics.ended(state, took: elapsed) }
            logger.info(
                counts ? "request ended" : "a request's lease expired; its result was discarded",
                metadata: [
                    "request": "\(taken.request.id)", "outcome": "\(Self.name(outcome))",
                    "took": "\(elapsed)",
                ])
            return true
        } catch {
            logger.error(
                "cannot record the end of a request yet",
                metadata: ["request": "\(taken.request.id)", "error": "\(error)"])
            await queue.interruptWatches(error)
            return false
        }
    }

    /// Finishes or requeues a request; returns false if the lease was lost.
    private func finish(
        _ lease: Lease, _ outcome: Result<AdapterRecord, SgloradError>, _ standing: LeaseStanding
    ) async throws(SgloradError) -> Bool {
        guard let state = Self.end(outcome, standing) else {
            return try await queue.requeue(lease, countingAttempt: false)
        }
        switch outcome {
        case .success(let adapter):
            return try await queue.finish(lease, as: state, adapter: adapter.id)
        case .failure where state == .cancelled:
            return try await queue.finish(lease, as: state)
        case .failure(let error):
            return try await queue.finish(lease, as: state, failure: error)
        }
    }

    /// The state in which a request ends; nil if it is requeued because the daemon stops.
    private static func end(
        _ outcome: Result<AdapterRecord, SgloradError>, _ standing: LeaseStanding
    ) -> RequestState? {
        switch outcome {
        case .success: .done
        case .failure(let error) where standing == .held && error.code == .cancelled: nil
        case .failure where standing == .cancelRequested: .cancelled
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

internal import ErrorModel
internal import ExpertLibrary
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Takes requests from the queue and processes them, its share of what waits at a time, until the daemon stops.
///
/// Work in progress is then finished or requeued.
struct RequestWorker: Service {
    let queue: RequestQueue
    /// Which requests it takes.
    let lane: QueueLane
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
                let taken = try await queue.take(
                    upTo: lane == .direct ? Self.together : 1, sharedBy: board.count, in: lane)
                if !taken.isEmpty {
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
            await cancelWhenGracefulShutdown { await queue.waitForWork(in: lane) }
        }
    }

    /// The most requests that a worker answers together: few enough that whoever comes meanwhile does not wait long.
    private static let together = 8

    private func process(_ taken: [TakenRequest]) async {
        let start = ContinuousClock.now
        let progress = WorkProgress(metrics)
        let outcomes = await pipeline.answer(taken) { (request, stage) throws(SgloradError) in
            board.begin(.stage(stage), worker: number)
            let standing = await queue.report(stage, request.lease)
            progress.begin(stage, of: request.lease, standing)
            if standing != .held { throw .cancelled("the request was cancelled") }
        }
        let ends = zip(taken, outcomes).map { request, outcome in
            End(request: request, outcome: outcome, standing: progress.end(of: request.lease))
        }
        board.begin(.ending, worker: number)
        // Unstructured, so that the cancellation of a late shutdown does not interrupt the last commit.
        await Task {
            while !(await record(ends, since: start)), !Task.isShuttingDownGracefully {
                board.begin(.troubled, worker: number)
                try? await Task.sleep(for: Self.pause)
            }
        }.value
    }

    /// The pause between attempts to reach the queue.
    private static let pause = Duration.seconds(1)

    /// Records how requests ended, in one commit.
    ///
    /// - Returns: false if the database cannot be written. Waiting callers have been told; the worker must
    ///   retry, since it holds the requests' leases.
    private func record(_ ends: [End], since start: ContinuousClock.Instant) async -> Bool {
        do throws(SgloradError) {
            let counts = try await end(ends)
            let elapsed = ContinuousClock.now - start
            for (end, counts) in zip(ends, counts) {
                if counts, let state = end.state { metrics.ended(state, took: elapsed) }
                logger.info(
                    counts ? "request ended" : "a request's lease expired; its result was discarded",
                    metadata: [
                        "request": "\(end.request.request.id)", "outcome": "\(end.name)",
                        "took": "\(elapsed)",
                    ])
            }
            return true
        } catch {
            for end in ends {
                logger.error(
                    "cannot record the end of a request yet",
                    metadata: ["request": "\(end.request.request.id)", "error": "\(error)"])
            }
            await queue.interruptWatches(error)
            return false
        }
    }

    /// Commits how requests ended.
    ///
    /// Where their adapters are in the journal, the commit is not flushed: should the machine lose power, the next start finds
    /// the adapters there and ends the requests alike.
    private func end(_ ends: [End]) async throws(SgloradError) -> [Bool] {
        let adapters = ends.compactMap { try? $0.outcome.get().id }
        let isRecoverable = adapters.count == ends.count && pipeline.store.adapters.isJournalled(adapters)
        let counts = try await queue.end(ends.map(\.ending), isRecoverable: isRecoverable)
        // The journal may have been emptied meanwhile, before it could wait for this commit.
        if isRecoverable, !pipeline.store.adapters.isJournalled(adapters) { try await queue.synchronise() }
        return counts
    }
}

/// How the work on a request ended.
private struct End {
    let request: TakenRequest
    let outcome: Result<AdapterRecord, SgloradError>
    /// What the worker learnt last of its lease.
    let standing: LeaseStanding

    /// The state in which the request ends; nil if it is requeued because the daemon stops.
    var state: RequestState? {
        switch outcome {
        case .success: .done
        case .failure(let error) where standing == .held && error.code == .cancelled: nil
        case .failure where standing == .cancelRequested: .cancelled
        case .failure(let error): error.code == .noRelevantExpert ? .refused : .failed
        }
    }

    /// What is recorded.
    var ending: Ending {
        switch outcome {
        case .success(let adapter): Ending(request.lease, as: state, adapter: adapter.id)
        case .failure(let error):
            Ending(request.lease, as: state, failure: state == .cancelled || state == nil ? nil : error)
        }
    }

    /// The outcome in the log.
    var name: String {
        switch outcome {
        case .success(let adapter): adapter.id
        case .failure(let error): error.code.name
        }
    }
}

/// The stages of requests that a worker answers together, and what it learns of its leases meanwhile.
private final class WorkProgress: Sendable {
    private struct Entry {
        var stopwatch: StageStopwatch
        var standing = LeaseStanding.held
    }

    private let metrics: DaemonMetrics
    private let entries = Mutex<[Lease: Entry]>([:])

    init(_ metrics: DaemonMetrics) { self.metrics = metrics }

    /// Begins a stage of a request.
    func begin(_ stage: RequestStage, of lease: Lease, _ standing: LeaseStanding) {
        entries.withLock { entries in
            entries[lease, default: Entry(stopwatch: StageStopwatch(metrics))].stopwatch.begin(stage)
            entries[lease]?.standing = standing
        }
    }

    /// Ends a request's last stage.
    ///
    /// - Returns: what was learnt last of its lease.
    func end(of lease: Lease) -> LeaseStanding {
        entries.withLock { entries in
            entries[lease]?.stopwatch.end()
            return entries[lease]?.standing ?? .held
        }
    }
}

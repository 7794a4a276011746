internal import ErrorModel

/// Runs long jobs, at most one per name at a time, and cancels them all when the daemon stops.
///
/// A job is owned by the task that waits for it: cancelling that task cancels the job and its child process.
actor JobSupervisor {
    /// The errors of one kind of job.
    struct Terms: Sendable {
        /// Thrown while another job of the name is running.
        let busy: SgloradError
        /// The message for a cancelled job.
        let cancelled: String
        /// Wraps an unexpected error.
        let failed: @Sendable (any Error) -> SgloradError
    }

    private struct Running {
        let cancel: @Sendable () -> Void
        let wait: @Sendable () async -> Void
    }

    private var running: [String: Running] = [:]
    private var isClosed = false

    /// The names of the jobs that are running, sorted.
    var names: [String] { running.keys.sorted() }

    /// Runs a job and waits for it.
    ///
    /// - Throws: `busy` while another job of the name is running; `cancelled`; what the job throws.
    func run<Result: Sendable>(
        _ name: String, _ terms: Terms, _ job: @escaping @Sendable () async throws -> Result
    ) async throws(SgloradError) -> Result {
        guard !isClosed else { throw .cancelled("the daemon is stopping") }
        guard running[name] == nil else { throw terms.busy }
        let task = Task { try await job() }
        running[name] = Running(cancel: { task.cancel() }, wait: { _ = await task.result })
        let outcome = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        running[name] = nil
        switch outcome {
        case .success(let result): return result
        case .failure where task.isCancelled: throw .cancelled(terms.cancelled)
        case .failure(let error as SgloradError): throw error
        case .failure(let error): throw terms.failed(error)
        }
    }

    /// Cancels a job.
    ///
    /// - Returns: false if none of that name is running.
    func cancel(_ name: String) -> Bool {
        guard let job = running[name] else { return false }
        job.cancel()
        return true
    }

    /// Cancels all jobs and waits until their processes have exited; no job can be started afterwards.
    func close() async {
        isClosed = true
        for job in running.values { job.cancel() }
        for job in running.values { await job.wait() }
    }
}

/// The progress of a job.
package struct JobProgress: Sendable, Hashable {
    /// The stage's name, such as `training`.
    package var stage: String
    /// The completed steps of the stage.
    package var done: Int
    /// The stage's total steps.
    package var total: Int
    /// The current loss; only while training.
    package var loss: Double?
    /// The estimated seconds until the stage ends; nil until there is an estimate.
    package var secondsLeft: Double?
}

/// Estimates the remaining time of a stage from its speed so far.
struct TimeLeft: Sendable {
    private var first: (instant: ContinuousClock.Instant, done: Int)?
    private var stage = ""

    /// The remaining seconds; nil until there is an estimate.
    ///
    /// - Parameters:
    ///   - stage: the stage's name; a new stage restarts the measurement.
    ///   - done: the completed steps.
    ///   - total: all steps.
    mutating func seconds(stage: String = "", done: Int, of total: Int) -> Double? {
        let now = ContinuousClock.now
        guard let first, stage == self.stage, done > first.done else {
            if first == nil || stage != self.stage { first = (now, done) }
            self.stage = stage
            return nil
        }
        return (now - first.instant) / .seconds(1) / Double(done - first.done) * Double(total - done)
    }
}

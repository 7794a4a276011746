internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import Evaluation
internal import ExpertCache
internal import Foundation
internal import Generation
internal import Logging
internal import Synchronization

/// Starts trainings, one for a base at a time, passes on what they report, and takes in what they made.
actor TrainingSupervisor {
    private let cache: ExpertCache
    private let encoders: EncoderProvider
    private let libraries: LibraryKeeper
    private let pool: ComputePool
    private let executable: String
    private let logger: Logger
    private var running: [String: Task<GeneratorRow, any Error>] = [:]
    private var isClosed = false

    init(
        cache: ExpertCache, encoders: EncoderProvider, libraries: LibraryKeeper, pool: ComputePool,
        executable: String, logger: Logger
    ) {
        self.cache = cache
        self.encoders = encoders
        self.libraries = libraries
        self.pool = pool
        self.executable = executable
        self.logger = logger
    }

    /// The bases that are being trained for.
    var bases: [String] { running.keys.sorted() }

    /// Trains a generator; cancelling the task calls the training off.
    ///
    /// - Parameter progress: called with each report.
    /// - Throws: `busy` where the base is being trained for, `cancelled`, `trainingFailed`, and what the child reports.
    func train(
        _ base: BaseRecord, plan: TrainingPlan, tasks: [EvaluationTask],
        progress: @escaping @Sendable (Wire.TrainingProgress) async throws -> Void
    ) async throws(SgloradError) -> GeneratorRow {
        try plan.validate()
        guard !isClosed else { throw .cancelled("the daemon is stopping") }
        guard running[base.name] == nil else {
            throw SgloradError(
                .busy,
                "A training for '\(base.name)' is going on. Wait for it, or call it off with 'sglorad-ctl generator "
                    + "cancel --base \(base.name)'.",
                parameters: ["retryAfter": .double(30), "reason": .string("a training is going on")])
        }
        let task = Task { try await self.run(base, plan: plan, tasks: tasks, progress: progress) }
        running[base.name] = task
        let outcome = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        running[base.name] = nil
        switch outcome {
        case .success(let row): return row
        case .failure(let error as SgloradError) where !task.isCancelled: throw error
        case .failure where task.isCancelled: throw .cancelled("the earlier generator, if any, stays")
        case .failure(let error):
            throw .trainingFailed(base: base.name, reason: "\(error)", remedy: "See the daemon's log.")
        }
    }

    /// Calls off the training for a base.
    ///
    /// - Returns: false where there is none.
    func cancel(_ base: String) -> Bool {
        guard let task = running[base] else { return false }
        task.cancel()
        return true
    }

    /// Calls off all trainings and waits until their processes are gone; none can be started after.
    func close() async {
        isClosed = true
        for task in running.values { task.cancel() }
        for task in running.values { _ = await task.result }
    }

    private func run(
        _ base: BaseRecord, plan: TrainingPlan, tasks: [EvaluationTask],
        progress: @escaping @Sendable (Wire.TrainingProgress) async throws -> Void
    ) async throws -> GeneratorRow {
        let start = ContinuousClock.now
        try await progress(Wire.TrainingProgress(stage: "preparing", step: 0, total: plan.steps))
        let encoder = try await encoders.loaded()
        let snapshot = try await libraries.snapshot(base)
        let job = TrainingJob(snapshot, plan: plan, tasks: tasks, encoder: encoder, cache: cache)
        // What cannot be trained is said before a process is started.
        let library = snapshot.library.native
        _ = try await pool.run { () throws(SgloradError) in
            try JudgedTraining(
                library: library, plan: plan, base: base.name, digest: encoder.digest, tasks: tasks,
                encoder: encoder.encoder
            ).steps
        }
        let state = cache.state
        let folder = try await pool.run { () throws(SgloradError) in
            try JobFolder("training", job: job, state: state)
        }
        defer { folder.remove() }
        logger.info(
            "training started", metadata: ["base": "\(base.name)", "experts": "\(job.library.experts.count)"])
        try await child(folder, base: base.name, progress: progress)
        try await progress(Wire.TrainingProgress(stage: "writing", step: 1, total: 1))
        let result = "\(folder.path)/\(TrainingJob.resultName)"
        let seconds = Double((ContinuousClock.now - start).components.seconds)
        let cache = cache
        let row = try await pool.run { () throws(SgloradError) in
            try cache.takeInGenerator(result, name: "the trained generator", seconds: seconds)
        }
        try await cache.insert(row)
        await libraries.invalidate(base.name)
        logger.info("training ended", metadata: ["base": "\(base.name)", "generator": "\(row.id)"])
        return row
    }

    /// Runs the child to its end and passes its reports on.
    private func child(
        _ folder: JobFolder, base: String,
        progress: @escaping @Sendable (Wire.TrainingProgress) async throws -> Void
    ) async throws {
        let timeLeft = Mutex(TimeLeft())
        do {
            try await ChildProcess(executable: executable).run(["train", folder.path]) {
                (report: TrainingJob.Progress) in
                let left = timeLeft.withLock { $0.seconds(done: report.step, of: report.total) }
                try await progress(
                    Wire.TrainingProgress(
                        stage: "training", step: report.step, total: report.total, loss: Double(report.loss),
                        secondsLeft: left))
            }
        } catch let abort as ChildProcess.Abort {
            throw SgloradError.trainingFailed(
                base: base, reason: abort.reason, remedy: "Check the memory and the disk.")
        }
    }
}

extension ExpertCache {
    /// Reads and checks a generator's file and stores it; the row is the caller's to insert.
    ///
    /// Blocks.
    func takeInGenerator(_ path: String, name: String, seconds: Double) throws(SgloradError) -> GeneratorRow {
        let generator = try GeneratorFile.read(path, name: name, verifying: true)
        let record = generator.record
        return try storeGenerator(
            base: record.base, record: try GeneratorFile.json(record), experts: record.experts.map(\.digest),
            seconds: seconds
        ) { descriptor throws(SgloradError) in
            try FileCopy.copy(path, to: descriptor, name: name)
        }
    }
}

package import ErrorModel
package import Evaluation
internal import Executors
package import ExpertLibrary
internal import Files
internal import Foundation
package import Generation
internal import Logging
internal import Synchronization

/// Trains generators in child processes, at most one per base at a time.
package struct Trainings: Sendable {
    private let jobs = JobSupervisor()
    let store: LibraryStore
    let encoders: EncoderProvider
    let snapshots: LibrarySnapshots
    let pool: ComputePool
    /// The program that runs as the child process.
    let executable: String
    let engine: EngineOptions
    let logger: Logger

    /// The bases for which a generator is being trained, sorted.
    package var bases: [String] { get async { await jobs.names } }

    /// Trains a generator; cancelling the task cancels the training.
    ///
    /// - Parameters:
    ///   - plan: what is trained, and how.
    ///   - tasks: the experts' own tasks, to judge on and to learn from.
    ///   - training: texts to learn from instead of the tasks' own.
    ///   - engine: whether llama-server runs the base model, chooses the guidance and judges; the answers of a training that
    ///     was broken off are used.
    ///   - progress: called with each report.
    /// - Throws: `busy` while another training for the base is running; `cancelled`; `trainingFailed`; what
    ///   the child reports.
    package func train(
        _ base: BaseRecord, plan: TrainingPlan, tasks: [EvaluationTask], training: [AnsweredTexts] = [],
        engine: Bool = false,
        progress: @escaping @Sendable (JobProgress) async throws -> Void
    ) async throws(SgloradError) -> StoredGenerator {
        try plan.validate()
        try Self.check(plan, tasks, training, engine: engine)
        let terms = JobSupervisor.Terms(
            busy: SgloradError(
                .busy,
                "A training for '\(base.name)' is already running. Wait for it, or cancel it with "
                    + "'sglorad-ctl generator cancel --base \(base.name)'.",
                parameters: ["retryAfter": .double(30), "reason": .string("a training is running")]),
            cancelled: "the earlier generator, if any, stays",
            failed: { .trainingFailed(base: base.name, reason: "\($0)", remedy: "See the daemon's log.") })
        return try await jobs.run(base.name, terms) {
            try await run(
                base, plan: plan, tasks: tasks, training: training, usesEngine: engine, progress: progress)
        }
    }

    /// Cancels the training for a base.
    ///
    /// - Returns: false if there is none.
    package func cancel(_ base: String) async -> Bool { await jobs.cancel(base) }

    /// Cancels all trainings and waits until their processes have exited.
    package func close() async { await jobs.close() }

    /// Checks what a training is given, whatever the library.
    private static func check(
        _ plan: TrainingPlan, _ tasks: [EvaluationTask], _ training: [AnsweredTexts], engine: Bool
    ) throws(SgloradError) {
        let system = plan.system
        if engine, system != .sgLoRA {
            throw .invalidRequest(
                field: "engine",
                reason:
                    "is set, but the system \(system.rawValue) "
                    + (system.isTaskTrained
                        ? "learns through the base model, which the daemon must run itself"
                        : "is judged without one") + "; only sg-lora is trained with an engine")
        }
        if system != .sgLoRA, tasks.isEmpty, training.isEmpty {
            throw .invalidRequest(
                field: "tasks",
                reason:
                    "is missing; the system \(system.rawValue) learns from the experts' tasks: name the folder of their "
                    + "files with --tasks, or that of texts with answers with --training")
        }
        if !training.isEmpty, system == .sgLoRA, tasks.isEmpty || engine {
            throw .invalidRequest(
                field: "training",
                reason:
                    "is given, but without tasks, and with an engine, sg-lora learns from parameters alone")
        }
    }

    private func run(
        _ base: BaseRecord, plan: TrainingPlan, tasks: [EvaluationTask], training: [AnsweredTexts],
        usesEngine: Bool,
        progress: @escaping @Sendable (JobProgress) async throws -> Void
    ) async throws -> StoredGenerator {
        let start = ContinuousClock.now
        try await progress(JobProgress(stage: "preparing", done: 0, total: plan.steps))
        let wanted = try usesEngine ? EngineJob(engine, base: base, state: store.state) : nil
        let encoder = try await encoders.loaded()
        let whole = try await snapshots.whole(base)
        // Reject what cannot be trained before starting a process.
        let (store, state) = (store, store.state)
        let experts = try await pool.run { () throws(SgloradError) in
            let library = try LibraryFiles(whole, store: store).native.library()
            if usesEngine { try AnsweredTraining.check(library, tasks, base: base.name) }
            _ = try PlannedTraining(
                library: library, plan: plan, base: base.name, digest: encoder.digest,
                tasks: usesEngine ? [] : tasks, training: training, texts: "", encoder: encoder.encoder)
            return library.experts.count
        }
        let folder = try await JobFolder.make(on: pool) { () async throws(SgloradError) in
            let now = try await snapshots.whole(base)
            return (
                "training",
                TrainingJob(
                    now, plan: plan, tasks: tasks, training: training, encoder: encoder, store: store,
                    engine: wanted),
                state
            )
        }
        logger.info(
            "training started",
            metadata: [
                "base": "\(base.name)", "experts": "\(experts)", "system": "\(plan.system.rawValue)",
            ])
        return try await folder.removedAfterwards(on: pool) {
            try await child(folder, base: base.name, progress: progress)
            try await progress(JobProgress(stage: "writing", done: 1, total: 1))
            let result = "\(folder.path)/\(TrainingJob.resultName)"
            let seconds = Double((ContinuousClock.now - start).components.seconds)
            let row = try await store.takeIn(
                result, name: "the trained generator", of: base.name, seconds: seconds, on: pool)
            await snapshots.invalidate(row.base)
            logger.info("training ended", metadata: ["base": "\(base.name)", "generator": "\(row.id)"])
            return row
        }
    }

    /// Runs the child process until it exits and forwards its reports.
    private func child(
        _ folder: JobFolder, base: String, progress: @escaping @Sendable (JobProgress) async throws -> Void
    ) async throws {
        let timeLeft = Mutex(TimeLeft())
        do {
            try await ChildProcess(executable: executable).run(["train", folder.path]) {
                (report: TrainingJob.Progress) in
                let left = timeLeft.withLock {
                    $0.seconds(stage: report.stage, done: report.step, of: report.total)
                }
                try await progress(
                    JobProgress(
                        stage: report.stage, done: report.step, total: report.total,
                        loss: report.loss.map(Double.init), secondsLeft: left))
            }
        } catch let abort as ChildProcess.Abort {
            throw SgloradError.trainingFailed(
                base: base, reason: abort.reason, remedy: "Check the free memory and disk space.")
        }
    }
}

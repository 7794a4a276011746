package import ErrorModel
package import Evaluation
internal import Executors
package import ExpertLibrary
internal import Files
internal import Foundation
internal import Generation
internal import Logging
internal import Synchronization

/// Runs evaluations in child processes, one at a time.
package struct Evaluations: Sendable {
    private let jobs = JobSupervisor()
    let store: LibraryStore
    let encoders: EncoderProvider
    let snapshots: LibrarySnapshots
    let pool: ComputePool
    /// The program that runs as the child process.
    let executable: String
    let engine: EngineOptions
    let logger: Logger

    private static let terms = JobSupervisor.Terms(
        busy: SgloradError(
            .busy,
            "An evaluation is already running; it takes two processors. Wait for it, or cancel it where it "
                + "was started.",
            parameters: ["retryAfter": .double(60), "reason": .string("an evaluation is running")]),
        cancelled: "the caller or the daemon ended the evaluation",
        failed: { .internal("an evaluation ended without a report: \($0)", cause: $0) })

    /// Runs an evaluation; cancelling the task cancels it.
    ///
    /// - Parameters:
    ///   - generator: the ID of a generator to evaluate instead of the one that serves its system.
    ///   - training: the texts that the folds' generators learn from instead of the tasks' own.
    ///   - engine: whether llama-server runs the base model; the answers of an evaluation that was broken off are used.
    ///   - type: a type with the JSON of `EvaluationReport`, into which the child's report is decoded.
    ///   - progress: called with each report.
    /// - Throws: `busy` while another is running; `cancelled`; `notFound`; `generatorUnavailable`;
    ///   `emptyLibrary`; what the child reports.
    package func evaluate<Report: Decodable & Sendable>(
        _ base: BaseRecord, generator: String?, tasks: [EvaluationTask], training: [AnsweredTexts] = [],
        options: EvaluationOptions, engine: Bool = false, as type: Report.Type = EvaluationReport.self,
        progress: @escaping @Sendable (JobProgress) async throws -> Void
    ) async throws(SgloradError) -> Report {
        try await jobs.run("evaluation", Self.terms) {
            try await run(
                base, generator: generator, tasks: tasks, training: training, options: options,
                usesEngine: engine, progress: progress)
        }
    }

    /// Cancels the evaluation and waits until its process has exited.
    package func close() async { await jobs.close() }

    private func run<Report: Decodable & Sendable>(
        _ base: BaseRecord, generator: String?, tasks: [EvaluationTask], training: [AnsweredTexts],
        options: EvaluationOptions, usesEngine: Bool,
        progress: @escaping @Sendable (JobProgress) async throws -> Void
    ) async throws -> Report {
        try await progress(JobProgress(stage: "preparing", done: 0, total: 0))
        let wanted = try usesEngine ? EngineJob(engine, base: base, state: store.state) : nil
        let encoder = try await encoders.loaded()
        let snapshot = try await snapshots.snapshot(base)
        guard snapshot.library.count > 0 else { throw SgloradError.emptyLibrary(base.name) }
        let state = store.state
        let folder = try await JobFolder.make(on: pool) { () async throws(SgloradError) in
            let now = try await snapshots.whole(base)
            let job = EvaluationJob(
                now, judged: try now.snapshot.judged(generator), encoder: encoder, store: store,
                tasks: tasks, training: training, options: options, engine: wanted)
            return ("evaluation", job, state)
        }
        logger.info(
            "evaluation started",
            metadata: ["base": "\(base.name)", "tasks": "\(tasks.count)", "engine": "\(usesEngine)"])
        return try await folder.removedAfterwards(on: pool) {
            let timeLeft = Mutex(TimeLeft())
            try await ChildProcess(executable: executable).run(["evaluate", folder.path]) {
                (report: EvaluationProgress) in
                let stage = report.stage.rawValue
                let left = timeLeft.withLock { $0.seconds(stage: stage, done: report.done, of: report.total) }
                try await progress(
                    JobProgress(stage: stage, done: report.done, total: report.total, secondsLeft: left))
            }
            let report = try await pool.run { () throws(SgloradError) in
                try folder.result(Report.self, EvaluationJob.reportName)
            }
            logger.info("evaluation ended", metadata: ["base": "\(base.name)"])
            return report
        }
    }
}

/// The generators that an evaluation judges, at most one of each system.
struct JudgedGenerators: Sendable {
    /// The one that the caller named.
    var named: GeneratorStanding?
    let all: [GeneratorStanding]

    /// That of sg-lora.
    var semanticGuided: GeneratorStanding? { all.first { $0.record.system == .sgLoRA } }

    /// That of icm-lora.
    var exampleConditioned: GeneratorStanding? { all.first { $0.record.system == .icmLoRA } }

    /// Those that were trained by the tasks' loss.
    var taskTrained: [GeneratorStanding] { all.filter { $0.record.system.isTaskTrained } }
}

extension BaseSnapshot {
    /// The serving generators, and instead of that of its system the generator with an ID.
    ///
    /// - Throws: `notFound`, or `generatorUnavailable` if it is disabled.
    fileprivate func judged(_ id: String?) throws(SgloradError) -> JudgedGenerators {
        let named = try id.map { id throws(SgloradError) in try generator(id) }
        let ids = Set(serving.values.map(\.id))
        let others = generators.filter {
            ids.contains($0.row.id) && $0.record.system != named?.record.system
        }
        return JudgedGenerators(named: named, all: (named.map { [$0] } ?? []) + others)
    }

    /// A generator that can serve.
    private func generator(_ id: String) throws(SgloradError) -> GeneratorStanding {
        guard let found = generators.first(where: { $0.row.id == id }) else {
            throw .notFound(
                "generator", id,
                remedy: "'sglorad-ctl generator list --base \(base.name)' lists the generators.")
        }
        guard found.state != .disabled else {
            let reason = found.reason ?? ""
            throw SgloradError(
                .generatorUnavailable,
                "The generator \(id) is disabled: \(reason). Train a new one with 'sglorad-ctl generator "
                    + "train --base \(base.name)'.",
                parameters: ["base": .string(base.name), "reason": .string(reason)])
        }
        return found
    }
}

internal import ControlProtocol
internal import ErrorModel
internal import Evaluation
internal import ExpertCache
internal import Foundation
internal import Generation
internal import Logging
internal import Synchronization

/// Starts evaluations, one at a time, passes on what they report, and reads what they found.
actor EvaluationSupervisor {
    /// What an evaluation found.
    struct Result: Sendable {
        let report: Wire.EvaluationReport
        /// The page, where it was asked for.
        let page: String?
    }

    private let cache: ExpertCache
    private let encoders: EncoderProvider
    private let libraries: LibraryKeeper
    private let pool: ComputePool
    private let executable: String
    private let logger: Logger
    private var running: Task<Result, any Error>?
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

    /// Runs an evaluation; cancelling the task calls it off.
    ///
    /// - Parameters:
    ///   - generator: the generator that is judged; nil takes the one that serves.
    ///   - progress: called with each report.
    /// - Throws: `busy` where one is going on, `cancelled`, `notFound`, `generatorUnavailable`, `emptyLibrary`, and what the
    ///   child reports.
    func evaluate(
        _ base: BaseRecord, generator: String?, tasks: [EvaluationTask], options: EvaluationOptions,
        html: Bool,
        progress: @escaping @Sendable (Wire.EvaluationProgress) async throws -> Void
    ) async throws(SgloradError) -> Result {
        guard !isClosed else { throw .cancelled("the daemon is stopping") }
        guard running == nil else {
            throw SgloradError(
                .busy,
                "An evaluation is going on, which takes two processors. Wait for it, or call it off there.",
                parameters: ["retryAfter": .double(60), "reason": .string("an evaluation is going on")])
        }
        let task = Task {
            try await self.run(
                base, generator: generator, tasks: tasks, options: options, html: html, progress: progress)
        }
        running = task
        let outcome = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        running = nil
        switch outcome {
        case .success(let result): return result
        case .failure(let error as SgloradError) where !task.isCancelled: throw error
        case .failure where task.isCancelled:
            throw .cancelled("the caller or the daemon ended the evaluation")
        case .failure(let error):
            throw .internal("an evaluation ended without a report: \(error)", cause: error)
        }
    }

    /// Calls off the evaluation and waits until its process is gone; none can be started after.
    func close() async {
        isClosed = true
        running?.cancel()
        _ = await running?.result
    }

    private func run(
        _ base: BaseRecord, generator: String?, tasks: [EvaluationTask], options: EvaluationOptions,
        html: Bool,
        progress: @escaping @Sendable (Wire.EvaluationProgress) async throws -> Void
    ) async throws -> Result {
        try await progress(Wire.EvaluationProgress(stage: "preparing", done: 0, total: 0))
        let encoder = try await encoders.loaded()
        let snapshot = try await libraries.snapshot(base)
        guard !snapshot.library.experts.isEmpty else { throw SgloradError.emptyLibrary(base.name) }
        let job = EvaluationJob(
            snapshot, generator: try snapshot.judged(generator), encoder: encoder, cache: cache, tasks: tasks,
            options: options, html: html)
        let state = cache.state
        let folder = try await pool.run { () throws(SgloradError) in
            try JobFolder("evaluation", job: job, state: state)
        }
        defer { folder.remove() }
        logger.info("evaluation started", metadata: ["base": "\(base.name)", "tasks": "\(tasks.count)"])
        let timeLeft = Mutex(TimeLeft())
        try await ChildProcess(executable: executable).run(["evaluate", folder.path]) {
            (report: EvaluationProgress) in
            let stage = report.stage.rawValue
            let left = timeLeft.withLock { $0.seconds(stage: stage, done: report.done, of: report.total) }
            try await progress(
                Wire.EvaluationProgress(
                    stage: stage, done: report.done, total: report.total, secondsLeft: left))
        }
        let result = try await pool.run { () throws(SgloradError) in try Self.result(folder, html: html) }
        logger.info("evaluation ended", metadata: ["base": "\(base.name)"])
        return result
    }

    private static func result(_ folder: JobFolder, html: Bool) throws(SgloradError) -> Result {
        func text(_ name: String) throws(SgloradError) -> String {
            do {
                return try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)
            } catch {
                throw .internal("the evaluation's \(name) cannot be read", cause: error)
            }
        }
        return Result(
            report: try WireJSON.decode(Wire.EvaluationReport.self, text(EvaluationJob.reportName)),
            page: html ? try text(EvaluationJob.pageName) : nil)
    }
}

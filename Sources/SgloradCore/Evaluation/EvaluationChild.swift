internal import DurableStorage
internal import ErrorModel
internal import Evaluation
internal import Generation
internal import LowRank
internal import TextEncoding

/// The child process of an evaluation: reads a job, judges at low priority, and writes the report.
public enum EvaluationChild {
    /// Runs the job in a folder.
    ///
    /// - Returns: the exit status: 0 with the report written, 1 with the failure reported.
    public static func run(folder: String) -> Int32 {
        ChildWork<EvaluationProgress>.run { child throws(SgloradError) in
            let folder = JobFolder(path: folder)
            let job = try folder.job(EvaluationJob.self)
            let report = try evaluate(job, child)
            try write(WireJSON.string(report), EvaluationJob.reportName, folder)
            if job.html { try write(ReportPage(report).html, EvaluationJob.pageName, folder) }
        }
    }

    private static func evaluate(
        _ job: EvaluationJob, _ child: ChildWork<EvaluationProgress>
    ) throws(SgloradError) -> EvaluationReport {
        let library = try job.library.library()
        let encoder = try SentenceEncoder(folder: job.model)
        let objective = job.isSteered ? ContrastiveObjective(encoder: encoder, tasks: job.tasks) : nil
        let steps = try GeneratorTrainer(
            library: library.native, plan: job.plan, base: job.identity.base, encoder: job.identity.encoder,
            objective: objective
        ).steps
        let evaluation = EvaluationRun(
            job.identity, library: library, generator: try generator(job, library), encoder: encoder,
            options: job.options, steps: steps,
            train: { library, deterministic, step throws(SgloradError) in
                var plan = job.plan
                plan.deterministic = deterministic
                return try GeneratorTrainer(
                    library: library, plan: plan, base: job.identity.base, encoder: job.identity.encoder,
                    objective: objective?.restricted(to: library.experts.map(\.name))
                ).train { progress throws(SgloradError) in step(progress) }
            }, auto: { situation throws(SgloradError) in DefaultStrategy.choice(situation) })
        return try evaluation.run(job.tasks) { progress in
            child.report(progress, always: progress.done == 0 || progress.done == progress.total)
        }
    }

    private static func generator(
        _ job: EvaluationJob, _ library: Library
    ) throws(SgloradError) -> GuidedGenerator? {
        guard let judged = job.generator else { return nil }
        let id = job.identity.generator ?? ""
        guard let own = library.subset(digests: judged.experts) else {
            throw .internal("experts of generator \(id) are not in the library that it is judged with")
        }
        return GuidedGenerator(
            generator: try GeneratorFile.read(judged.path, name: "generator \(id)", verifying: false),
            library: own)
    }

    private static func write(_ text: String, _ name: String, _ folder: JobFolder) throws(SgloradError) {
        try DurableFile.write(Array(text.utf8), to: "\(folder.path)/\(name)", temporary: folder.path)
    }
}

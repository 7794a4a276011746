internal import DurableStorage
internal import ErrorModel
internal import Evaluation
internal import Generation
internal import TextEncoding

/// The child process of a training: reads a job, trains at low priority, and writes the generator.
public enum TrainingChild {
    /// Runs the job in a folder.
    ///
    /// - Returns: the exit status: 0 with the generator written, 1 with the failure reported.
    public static func run(folder: String) -> Int32 {
        ChildWork<TrainingJob.Progress>.run { child throws(SgloradError) in
            try train(JobFolder(path: folder), child)
        }
    }

    private static func train(
        _ folder: JobFolder, _ child: ChildWork<TrainingJob.Progress>
    ) throws(SgloradError) {
        let job = try folder.job(TrainingJob.self)
        let training = try JudgedTraining(
            library: try job.library.library(), plan: job.plan, base: job.base, digest: job.encoder,
            tasks: job.tasks, encoder: job.tasks.isEmpty ? nil : try SentenceEncoder(folder: job.model))
        let total = training.steps
        let generator = try training.run { step, loss throws(SgloradError) in
            child.report(
                TrainingJob.Progress(step: step, total: total, loss: loss),
                always: step == 1 || step == total)
        }
        let file = try DurableFile(in: folder.path)
        try GeneratorFile.write(generator, to: file.descriptor, path: TrainingJob.resultName)
        try file.commit(as: "\(folder.path)/\(TrainingJob.resultName)")
    }
}

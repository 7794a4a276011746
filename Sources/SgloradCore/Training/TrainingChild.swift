internal import DurableStorage
internal import ErrorModel
internal import Foundation
internal import Generation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The child process of a training: reads a job, trains at low priority, writes the generator, and reports on standard output.
///
/// It is a process of its own so that it can be called off at any moment, cannot starve the daemon, and gives its memory
/// back to the system.
public enum TrainingChild {
    /// Runs the job in a folder.
    ///
    /// - Returns: the exit status: 0 with the generator written, 1 with the failure reported.
    public static func run(folder: String) -> Int32 {
        // A daemon that was killed leaves no training behind: the next report finds its pipe closed.
        signal(SIGPIPE, SIG_DFL)
        _ = nice(10)
        do throws(SgloradError) {
            try train(folder: folder)
            report(.written)
            return 0
        } catch {
            report(.failed(error))
            return 1
        }
    }

    private static func train(folder: String) throws(SgloradError) {
        let path = "\(folder)/\(TrainingJob.fileName)"
        let job: TrainingJob
        do {
            job = try JSONDecoder().decode(TrainingJob.self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            throw .invalidFile(path, "the job cannot be read: \(error)", cause: error)
        }
        let trainer = try GeneratorTrainer(
            library: try job.library(), plan: job.plan, base: job.base, encoder: job.encoder)
        var last = ContinuousClock.now
        let generator = try trainer.train { progress throws(SgloradError) in
            let now = ContinuousClock.now
            guard progress.step == 1 || progress.step == progress.total || now - last > .milliseconds(100)
            else { return }
            last = now
            report(.progress(step: progress.step, total: progress.total, loss: progress.loss))
        }
        let file = try DurableFile(in: folder)
        try GeneratorFile.write(generator, to: file.descriptor, path: TrainingJob.resultName)
        try file.commit(as: "\(folder)/\(TrainingJob.resultName)")
    }

    private static func report(_ report: TrainingJob.Report) {
        guard let line = try? JSONEncoder().encode(report) else { return }
        FileHandle.standardOutput.write(line + Data([0x0A]))
    }
}

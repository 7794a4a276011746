internal import ErrorModel
internal import Evaluation
internal import Files

/// The digest of the texts that a generator is trained on, which are not kept.
enum TaskDigest {
    /// SHA-256 over the texts, and the tasks that they belong to, in the order of the names.
    static func of(
        _ tasks: [EvaluationTask], _ training: [AnsweredTexts]
    ) throws(SgloradError) -> String {
        let tasks = try JSONText.encode(tasks.sorted { $0.name < $1.name })
        let texts = try JSONText.encode(training.sorted { $0.name < $1.name })
        return FileDigest.sha256((tasks + "\n" + texts).utf8)
    }
}

internal import ErrorModel
internal import Files
internal import Foundation

/// The answers of one job's finished tasks, kept until the job is complete, so that one which was broken off goes on where
/// it ended.
///
/// They say of each query whether it was answered right, and hold no text.
struct KeptAnswers: Sendable {
    /// How long the answers of a job that nobody repeats are kept, in seconds.
    private static let age: Double = 14 * 24 * 3600

    /// The job's folder.
    let folder: String

    private struct Task: Codable {
        /// The ids of the adapters, in the order of the answers.
        var adapters: [String]
        /// For each adapter, whether each query was answered right.
        var right: [[Bool]]
    }

    /// Opens the answers of a job, and removes those of jobs that nobody has repeated for two weeks; blocks.
    ///
    /// - Parameters:
    ///   - root: the folder with one folder for each job.
    ///   - identity: all that the answers depend on; another identity is another job.
    init(in root: String, identity: [UInt8]) throws(SgloradError) {
        let now = Date().timeIntervalSince1970
        for name in Folder.entries(of: root) {
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(root)/\(name)")
            let changed = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            if abs(now - changed) > Self.age { Folder.remove("\(root)/\(name)") }
        }
        folder = "\(root)/\(FileDigest.sha256(identity).prefix(32))"
        try Folder.make(folder)
    }

    /// The answers to a task, if they are there in full.
    ///
    /// - Parameters:
    ///   - key: names the task and the part of the work.
    ///   - adapters: the ids of the adapters.
    ///   - queries: the number of the task's queries.
    func find(_ key: String, adapters: [String], queries: Int) -> [[Bool]]? {
        guard let bytes = try? Data(contentsOf: URL(filePath: path(key))),
            let kept = try? JSONDecoder().decode(Task.self, from: bytes), kept.adapters == adapters,
            kept.right.count == adapters.count, kept.right.allSatisfy({ $0.count == queries })
        else { return nil }
        return kept.right
    }

    /// Keeps the answers to a task.
    func keep(_ key: String, adapters: [String], right: [[Bool]]) throws(SgloradError) {
        let text = try JSONText.encode(Task(adapters: adapters, right: right))
        try DurableFile.write(Array(text.utf8), to: path(key))
    }

    /// Removes all of the job's answers.
    func discard() { Folder.remove(folder) }

    private func path(_ key: String) -> String { "\(folder)/\(FileDigest.sha256(key.utf8).prefix(32)).json" }
}

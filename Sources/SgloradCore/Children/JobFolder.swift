internal import DurableStorage
internal import ErrorModel
internal import Foundation

/// The folder of one child process: its job goes in, its results come out, and it is removed at the end.
struct JobFolder: Sendable {
    /// The folder's path.
    let path: String
    /// The name of the file that holds the job.
    static let jobName = "job.json"

    /// Makes a folder in the state directory with a job in it.
    ///
    /// Blocks.
    init(_ kind: String, job: some Encodable, state: StateDirectory) throws(SgloradError) {
        path = "\(state.temporary)/\(kind)-\(DurableFile.uniqueName())"
        let text = try WireJSON.string(job)
        try StateDirectory.makeFolder(path)
        do throws(SgloradError) {
            try DurableFile.write(Array(text.utf8), to: "\(path)/\(Self.jobName)", temporary: state.temporary)
        } catch {
            remove()
            throw error
        }
    }

    /// The folder that a child was named.
    init(path: String) {
        self.path = path
    }

    /// Reads the job.
    ///
    /// - Throws: `invalidFile`.
    func job<Job: Decodable>(_ type: Job.Type) throws(SgloradError) -> Job {
        let file = "\(path)/\(Self.jobName)"
        do {
            return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: file)))
        } catch {
            throw .invalidFile(file, "the job cannot be read: \(error)", cause: error)
        }
    }

    /// Removes the folder with all that is in it.
    func remove() { DurableFile.removeTree(path) }
}

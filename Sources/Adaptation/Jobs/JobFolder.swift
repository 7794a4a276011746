internal import ErrorModel
internal import Executors
internal import Files
internal import Foundation

/// The folder through which the daemon passes a job to a child process and gets its results back.
struct JobFolder: Sendable {
    let path: String
    /// The name of the job file.
    static let jobName = "job.json"

    /// Creates a folder in the state directory and writes the job into it; blocks.
    init(_ kind: String, job: some Encodable, state: StateDirectory) throws(SgloradError) {
        path = "\(state.temporary)/\(kind)-\(Path.uniqueName())"
        let text = try JSONText.encode(job)
        try Folder.make(path)
        do throws(SgloradError) {
            try DurableFile.write(Array(text.utf8), to: "\(path)/\(Self.jobName)", temporary: state.temporary)
        } catch {
            Folder.remove(path)
            throw error
        }
    }

    /// The folder that was passed to a child process.
    init(path: String) {
        self.path = path
    }

    /// Reads the job.
    ///
    /// - Throws: `invalidFile` if it is missing or malformed.
    func job<Job: Decodable>(_ type: Job.Type) throws(SgloradError) -> Job {
        try read(type, Self.jobName)
    }

    /// Reads a result that the child has written; blocks.
    ///
    /// - Throws: `internal` if it is missing or malformed: the child said that it had written it.
    func result<Result: Decodable>(_ type: Result.Type, _ name: String) throws(SgloradError) -> Result {
        do throws(SgloradError) {
            return try read(type, name)
        } catch {
            throw .internal("the job's \(name) cannot be read", cause: error)
        }
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws(SgloradError) -> Value {
        let file = "\(path)/\(name)"
        do {
            return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: file)))
        } catch {
            throw .invalidFile(file, "it cannot be read: \(error)", cause: error)
        }
    }

    /// Runs `body`, then removes the folder on a thread of the pool, whether `body` succeeded or not.
    func removedAfterwards<Result: Sendable>(
        on pool: ComputePool, _ body: () async throws -> Result
    ) async throws -> Result {
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        let path = path
        // Unstructured, so that the folder is removed even if the job was cancelled.
        await Task {
            try? await pool.run { () throws(SgloradError) in Folder.remove(path) }
        }.value
        return try outcome.get()
    }
}

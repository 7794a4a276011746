internal import ErrorModel
internal import Executors
internal import Files
internal import Foundation

/// A job whose child process reads blobs of the library.
protocol BlobReadingJob: Encodable, Sendable {
    /// The paths of the blobs.
    var blobs: [String] { get }
    /// The same job with other paths.
    func reading(_ paths: [String: String]) -> Self
}

/// The folder through which the daemon passes a job to a child process and gets its results back.
struct JobFolder: Sendable {
    let path: String
    /// The name of the job file.
    static let jobName = "job.json"

    /// Creates a folder for a job.
    ///
    /// - Parameters:
    ///   - pool: runs the file work.
    ///   - prepare: describes the job as the library is now; called again if blobs were removed meanwhile.
    /// - Throws: what `prepare` throws; `invalidFile` if blobs are missing; `storageFailure`.
    static func make<Job: BlobReadingJob>(
        on pool: ComputePool,
        _ prepare: () async throws(SgloradError) -> (kind: String, job: Job, state: StateDirectory)
    ) async throws(SgloradError) -> JobFolder {
        var attempts = 8
        while true {
            let (kind, job, state) = try await prepare()
            do throws(SgloradError) {
                return try await pool.run { () throws(SgloradError) in
                    try JobFolder(kind, job: job, state: state)
                }
            } catch {
                attempts -= 1
                guard error.code == .invalidFile, attempts > 0 else { throw error }
            }
        }
    }

    /// Creates a folder in the state directory and writes the job into it; blocks.
    ///
    /// The blobs that the job reads get hard links in the folder, so that an import or a removal cannot take them away from
    /// the child process.
    private init(_ kind: String, job: some BlobReadingJob, state: StateDirectory) throws(SgloradError) {
        path = "\(state.temporary)/\(kind)-\(Path.uniqueName())"
        try Folder.make(path)
        do throws(SgloradError) {
            let text = try JSONText.encode(job.reading(try Self.link(job.blobs, into: path)))
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

    /// Links blobs into a folder.
    ///
    /// - Returns: the links' paths by the blobs'; a blob that cannot be linked is missing and read where it is.
    /// - Throws: `invalidFile` if a blob does not exist.
    private static func link(_ blobs: [String], into folder: String) throws(SgloradError) -> [String: String]
    {
        var links: [String: String] = [:]
        for (number, blob) in blobs.enumerated() {
            let place = "\(folder)/blob-\(number)"
            if Foundation.link(blob, place) == 0 {
                links[blob] = place
            } else if errno == ENOENT {
                throw .invalidFile(blob, "is missing; verify the library with 'sglorad-ctl cache verify'")
            }
        }
        return links
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

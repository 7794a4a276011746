internal import ErrorModel

/// A line of JSON on a child process's standard output.
enum ChildReport<Progress: Codable & Sendable>: Codable, Sendable {
    /// Where the work stands.
    case progress(Progress)
    /// The work failed; the last line.
    case failed(SgloradError)
    /// The result lies in the job's folder; the last line.
    case written
}

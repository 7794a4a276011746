internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import SpoolForms

/// Writes a batch of results, each complete or not at all.
///
/// They appear, durable, with `publish()`.
struct SpoolResults {
    private var staged: StagedFiles
    private var count = 0

    /// Begins a batch.
    init(_ spool: SpoolFolder) {
        staged = StagedFiles(spool)
    }

    /// The users who cannot read the results written for them.
    var unreadable: Set<UserID> { staged.unreadable }

    /// Prepares `done/<uid>/<name>`; a file of that name is replaced.
    ///
    /// - Returns: the result's number in the batch, from 0.
    /// - Throws: `storageFailure`.
    @discardableResult
    mutating func write(_ content: [UInt8], as name: String, for owner: UserID) throws(SgloradError) -> Int {
        try staged.add(content, as: name, in: .done, of: owner, ticket: count)
        defer { count += 1 }
        return count
    }

    /// Makes the results visible and durable.
    ///
    /// - Returns: the failures, by the result's number.
    mutating func publish() -> [Int: SgloradError] {
        staged.publish()
    }
}

extension Form.SpoolResult {
    /// The content of a result file: one JSON object with sorted keys, and a newline.
    func fileContent() throws(SgloradError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw .internal("a result could not be encoded as JSON", cause: error)
        }
    }
}

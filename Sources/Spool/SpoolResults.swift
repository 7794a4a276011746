internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import SpoolForms

/// Writes a batch of results, each complete or not at all.
///
/// They are durable after ``synchronise()``.
///
/// Each user's folder is opened and synchronised once per batch.
struct SpoolResults {
    private let spool: SpoolFolder
    private var folders: [UserID: UserFolder] = [:]

    /// Begins a batch.
    init(_ spool: SpoolFolder) {
        self.spool = spool
    }

    /// The users who cannot read the results written for them.
    var unreadable: Set<UserID> { Set(folders.filter { !$0.value.isReadable }.keys) }

    /// Writes `done/<uid>/<name>`; a file of that name is replaced.
    ///
    /// - Throws: `storageFailure`.
    mutating func write(_ content: [UInt8], as name: String, for owner: UserID) throws(SgloradError) {
        let folder: UserFolder
        if let known = folders[owner] {
            folder = known
        } else {
            folder = try UserFolder(of: owner, in: .done, of: spool)
            folders[owner] = folder
        }
        try folder.write(content, as: name)
    }

    /// Makes the names of the results durable.
    ///
    /// - Throws: `storageFailure`.
    func synchronise() throws(SgloradError) {
        for folder in folders.values { try folder.synchronise() }
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

    /// Writes the result as `done/<uid>/<name>`, durably.
    ///
    /// - Throws: `storageFailure`.
    func write(as name: String, for owner: UserID, in spool: SpoolFolder) throws(SgloradError) {
        var results = SpoolResults(spool)
        try results.write(try fileContent(), as: name, for: owner)
        try results.synchronise()
    }
}

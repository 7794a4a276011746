import ControlProtocol

/// What became of several folders that were imported; as JSON, one document for all.
struct ExpertImportSummary: Encodable, Sendable {
    /// A folder that was not imported.
    struct Entry: Encodable, Sendable {
        let folder: String
        let error: String
        let parameters: [String: FailureDocument.Field]
    }

    /// The daemon's replies, in the order of the folders.
    var imported: [Methods.ImportExpert.Reply] = []
    private(set) var failures: [Entry] = []
    private var statuses: Set<ExitStatus> = []

    private enum CodingKeys: String, CodingKey {
        case imported, failures
    }

    /// Counts a failure, and tells of it at once.
    mutating func add(_ failure: Failure, folder: String) {
        let document = FailureDocument(failure)
        failures.append(Entry(folder: folder, error: document.error, parameters: document.parameters))
        statuses.insert(failure.status)
        let style = Style.of(descriptor: 2)
        StandardError.write(
            "\(style.failure("sglorad-ctl:")) \(SafeText("\(folder) was not imported. \(failure.message)"))\n"
        )
    }

    /// What the process exits with: nil where all went well, the failures' status where they agree, else 1.
    var status: ExitStatus? {
        guard let first = statuses.first else { return nil }
        return statuses.count == 1 ? first : .failed
    }
}

internal import DurableStorage
internal import ErrorModel
internal import Foundation

/// The requests that were forgotten on somebody's word: their identifiers, which say nothing, each the name of an empty file in
/// `forgotten/`.
///
/// A file for each, and beside the databases, so that a backup that is copied back over the state directory takes none away;
/// the next start then forgets again what the backup brought back.
struct Tombstones: Sendable {
    private let folder: String

    /// Opens the folder, and makes it where there is none.
    init(_ state: StateDirectory) throws(SgloradError) {
        folder = state.root + "/forgotten"
        try StateDirectory.makeFolder(folder)
    }

    /// Whether a request was forgotten.
    func contains(_ request: String) -> Bool {
        guard let path = path(of: request) else { return false }
        return access(path, F_OK) == 0
    }

    /// Every request that was forgotten.
    var all: [String] { DurableFile.entries(of: folder) }

    /// Marks requests as forgotten; durable when it returns.
    ///
    /// Blocks on the disk.
    func add(_ requests: some Sequence<String>) throws(SgloradError) {
        for request in requests {
            guard let path = path(of: request) else { continue }
            let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw .system(path, "a request cannot be marked as forgotten") }
            close(descriptor)
        }
        try DurableFile.synchronise(folder: folder)
    }

    /// The file of a request; nil for what is no identifier.
    private func path(of request: String) -> String? {
        let isName = request.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (48...57).contains(byte) || (97...122).contains(byte)
        }
        return isName && !request.isEmpty && request.utf8.count < 128 ? "\(folder)/\(request)" : nil
    }
}

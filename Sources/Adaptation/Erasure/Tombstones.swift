internal import ErrorModel
internal import Executors
internal import Files
internal import Foundation
internal import Storage

/// Tombstones of erased requests: an empty file per request in `forgotten/`, named by the request's ID, which
/// reveals nothing about its content.
///
/// They are separate files beside the databases, so that restoring a backup over the state directory removes
/// none of them. The next start then repeats the erasures that the backup has undone.
struct Tombstones: Sendable {
    private let folder: String

    /// Opens the folder; creates it if it is missing.
    init(_ state: StateDirectory) throws(SgloradError) {
        folder = state.root + "/forgotten"
        try Folder.make(folder)
    }

    /// Whether a request was erased.
    func contains(_ request: String) -> Bool {
        guard let path = path(of: request) else { return false }
        return access(path, F_OK) == 0
    }

    /// The IDs of all erased requests.
    var all: [String] { Folder.entries(of: folder) }

    /// Adds tombstones, durable when it returns; blocks.
    func add(_ requests: some Sequence<String>) throws(SgloradError) {
        for request in requests {
            guard let path = path(of: request) else { continue }
            let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw .system(path, "a tombstone cannot be written") }
            close(descriptor)
        }
        try Folder.synchronise(folder)
    }

    /// The tombstone's path; nil if `request` is not a well-formed ID.
    private func path(of request: String) -> String? {
        let isName = request.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (48...57).contains(byte) || (97...122).contains(byte)
        }
        return isName && !request.isEmpty && request.utf8.count < 128 ? "\(folder)/\(request)" : nil
    }
}

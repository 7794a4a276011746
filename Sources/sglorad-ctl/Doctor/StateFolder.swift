internal import ErrorModel
internal import Files
internal import Glibc

/// A folder of the state directory whose mode lets others in.
struct StateFolder: Sendable, Hashable {
    let path: String
    let mode: mode_t
    /// What may remain of the mode.
    private let allowed: mode_t

    /// Its mode in octal digits, such as `0755`.
    var modeText: String { Self.octal(mode) }

    /// The command that closes it.
    var command: String { "chmod \(Self.octal(mode & allowed)) \(Remedy.word(path))" }

    private static func octal(_ mode: mode_t) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// The folders below a state directory that others can read or change.
    ///
    /// Empty for callers who are neither root nor the owner of the state directory: it is closed to them, and theirs to mend
    /// it is not.
    static func open(in state: String) -> [StateFolder] {
        var root = stat()
        guard lstat(state, &root) == 0, root.st_mode & S_IFMT == S_IFDIR,
            geteuid() == 0 || geteuid() == root.st_uid
        else { return [] }
        // Owners of adapters may pass through two of the folders, and list neither.
        let passage: mode_t = 0o711
        let folders: [(String, mode_t)] = [
            (state, passage), ("\(state)/adapters", passage), ("\(state)/private", 0o700),
            ("\(state)/lock", 0o700),
        ]
        return folders.compactMap { path, allowed in
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
                status.st_uid == root.st_uid
            else { return nil }
            let mode = status.st_mode & 0o7777
            return mode & 0o777 & ~allowed == 0
                ? nil : StateFolder(path: path, mode: mode, allowed: allowed)
        }
    }

    /// Takes away what others may do too much; a link in the folder's place is not followed.
    ///
    /// - Throws: `storageFailure`.
    func close() throws(SgloradError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path, "the folder cannot be opened") }
        defer { Glibc.close(descriptor) }
        guard fchmod(descriptor, mode & allowed) == 0 else {
            throw .system(path, "the folder's mode cannot be set")
        }
    }
}

public import ErrorModel
internal import Glibc

/// Reserves a state directory for one daemon; the kernel releases the lock when the process ends, however it ends.
///
/// What is locked is the folder `lock/`. Earlier versions lock a file of that name: they refuse to start where there is a
/// folder, and so cannot take the directory's later layout for an empty one.
public struct StateLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Throws: `alreadyExists` where another daemon holds it; `storageFailure` where the lock cannot be opened.
    public init(_ state: StateDirectory) throws(SgloradError) {
        let path = state.root + "/lock"
        if FileKind(of: path, followingLinks: false) == .file { try Self.replaceFile(path, in: state.root) }
        try Folder.make(path)
        descriptor = try Self.lock(path, in: state.root, O_RDONLY | O_DIRECTORY)
    }

    /// Releases the lock.
    public func release() { Self.unlock(descriptor) }

    /// Not only closes it: a process that this one is just starting has the descriptor, too, until it executes its program.
    private static func unlock(_ descriptor: Int32) {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Puts a folder in the place of an earlier version's lock file, unless that version is running.
    private static func replaceFile(_ path: String, in root: String) throws(SgloradError) {
        let file = try lock(path, in: root, O_RDWR)
        defer { unlock(file) }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .system(path, "the lock file of an earlier version cannot be replaced")
        }
    }

    /// Opens and locks a file or folder.
    private static func lock(
        _ path: String, in root: String, _ flags: Int32
    ) throws(SgloradError) -> Int32 {
        let descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw .system(path, "the lock cannot be opened", remedy: "Check the folder's owner.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw SgloradError(
                .alreadyExists,
                "Another sglorad uses the state directory \(root). Stop it, or choose another directory with "
                    + "--state-dir.",
                parameters: ["kind": .string("daemon"), "name": .string(root)])
        }
        return descriptor
    }
}

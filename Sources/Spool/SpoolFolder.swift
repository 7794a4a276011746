internal import ErrorModel
internal import Files
internal import Glibc
internal import Synchronization

/// The folder that any program can drop intents into.
///
/// It works like a maildir.
///
/// - `tmp/`: programs write their files here. `new/`: they rename the complete files into this. Users can write to both but
///   not list them, and the sticky bit protects each file from other users.
/// - `taking/`: the files that the daemon is taking in; nobody else has access.
/// - `done/<uid>/`: results, readable for that user.
/// - `rejected/<uid>/`: rejected files, each beside a `.reason`, readable for that user.
///
/// The calls block on the disk; run them on a `ComputePool`.
final class SpoolFolder: Sendable {
    /// The largest file that is read, in bytes.
    static let fileLimit = 64 << 10

    /// The absolute path.
    let path: String
    let temporary: Int32
    let new: Int32
    let taking: Int32
    let done: Int32
    let rejected: Int32
    /// The names in `taking/` that were rejected but can be neither moved nor removed; they need an operator.
    let stranded = Mutex<Set<FileName>>([])
    /// The names in `taking/` that were invalid when they were last read, and may not be complete yet.
    let unsettled = Mutex<[FileName: FileStamp]>([:])
    /// For how many seconds a file may keep changing after it was taken.
    let patience: Int

    /// Opens the spool and creates the folders that are missing.
    ///
    /// - Parameters:
    ///   - path: the absolute path.
    ///   - users: the group that may drop files into folders created here; nil for the daemon's own user only.
    ///   - patience: for how many seconds a file may keep changing after it was taken.
    /// - Throws: `storageFailure` that names the folder which cannot be created or opened, or which others can write to.
    init(_ path: String, users: UInt32? = nil, patience: Int = 60) throws(SgloradError) {
        self.path = path
        self.patience = patience
        var opened: [Int32] = []
        do throws(SgloradError) {
            try Folder.make(path)
            for (name, mode) in Self.folders { opened.append(try Self.folder(path, name, mode, users)) }
            try Self.requireOwn(opened[2], "\(path)/taking")
        } catch {
            for descriptor in opened { close(descriptor) }
            throw error
        }
        (temporary, new, taking, done, rejected) = (opened[0], opened[1], opened[2], opened[3], opened[4])
    }

    deinit {
        for descriptor in [temporary, new, taking, done, rejected] { close(descriptor) }
    }

    /// Whether the path of `new/` still leads to the open folder.
    var isCurrent: Bool {
        var (here, there) = (stat(), stat())
        return fstat(new, &here) == 0 && stat(path + "/new", &there) == 0 && here.st_ino == there.st_ino
            && here.st_dev == there.st_dev
    }

    /// Sticky and setgid; only the daemon has access, and the users' group by an access list.
    private static let droppable: mode_t = 0o3770

    /// The folders and their modes when created here; the package's tmpfiles.d entry creates the same.
    private static let folders: [(name: String, mode: mode_t)] = [
        ("tmp", droppable), ("new", droppable), ("taking", 0o700), ("done", 0o711), ("rejected", 0o711),
    ]

    private static func folder(
        _ path: String, _ name: String, _ mode: mode_t, _ users: UInt32?
    ) throws(SgloradError) -> Int32 {
        let full = "\(path)/\(name)"
        let isNew = mkdir(full, 0o700) == 0
        guard isNew || errno == EEXIST else {
            throw .system(full, "the spool's folder cannot be created", remedy: remedy)
        }
        let descriptor = open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .system(full, "the spool's folder cannot be opened", remedy: remedy)
        }
        if isNew {
            // The umask must not apply here.
            guard fchmod(descriptor, mode) == 0 else {
                // This happens in a unit with RestrictSUIDSGID=. A folder with the wrong mode would look right and work for
                // nobody.
                let error = SgloradError.system(full, "the folder's mode cannot be set", remedy: remedy)
                close(descriptor)
                rmdir(full)
                throw error
            }
            if let users, mode == droppable { _ = AccessList.letMakeFiles(descriptor, group: users) }
            if name == "tmp" { _ = chmod(path, 0o711) }
        }
        return descriptor
    }

    private static func requireOwn(_ descriptor: Int32, _ path: String) throws(SgloradError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(path, "the folder's status cannot be read")
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw .storageFailure(
                path,
                "other users can change files in this folder. It must belong to the daemon's user with mode 0700. Change "
                    + "its owner and mode, or remove it if it is empty; the daemon creates it again.")
        }
    }

    private static let remedy =
        "Check the owner and mode of spool.directory. 'systemd-tmpfiles --create' creates it as the package specifies."
}

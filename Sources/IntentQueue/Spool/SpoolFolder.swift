internal import DurableStorage
public import ErrorModel
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The folder that any program can drop intents into, as maildir does it.
///
/// - `tmp/`: where a program writes a file; `new/`: where it renames it to when it is whole. Both are sticky and can be
///   written but not listed.
/// - `taking/`: what the daemon is taking in, out of everybody else's reach.
/// - `done/<uid>/`: results, readable for that user.
/// - `rejected/<uid>/`: what was no intent, each beside a `.reason`, readable for that user.
///
/// The calls block on the disk; they belong on a thread of the pool.
public final class SpoolFolder: Sendable {
    /// The most bytes that an intent's file may have.
    public static let fileLimit = 64 << 10

    /// The absolute path.
    public let path: String
    let temporary: Int32
    let new: Int32
    let taking: Int32
    let done: Int32
    let rejected: Int32
    /// What lies in `taking/` and cannot be moved on, though its owner was told; only a person can do something about it.
    let stranded = Mutex<Set<FileName>>([])

    /// Opens the spool, and makes the folders that are missing.
    ///
    /// - Parameters:
    ///   - path: the absolute path.
    ///   - users: the group that may drop files where the daemon makes the folders; nil for its own user alone.
    /// - Throws: `storageFailure` that says which folder cannot be made or opened, or may be meddled with.
    public init(_ path: String, users: UInt32? = nil) throws(SgloradError) {
        self.path = path
        var opened: [Int32] = []
        do throws(SgloradError) {
            try StateDirectory.makeFolder(path)
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

    /// Whether `new/` still is the folder that stands under its name.
    public var isCurrent: Bool {
        var (here, there) = (stat(), stat())
        return fstat(new, &here) == 0 && stat(path + "/new", &there) == 0 && here.st_ino == there.st_ino
            && here.st_dev == there.st_dev
    }

    /// Sticky, setgid, and for the daemon alone but for an access list.
    private static let droppable: mode_t = 0o3770

    /// The folders and the modes that they get where the daemon makes them: tmpfiles.d makes the same.
    private static let folders: [(name: String, mode: mode_t)] = [
        ("tmp", droppable), ("new", droppable), ("taking", 0o700), ("done", 0o711), ("rejected", 0o711),
    ]

    private static func folder(
        _ path: String, _ name: String, _ mode: mode_t, _ users: UInt32?
    ) throws(SgloradError) -> Int32 {
        let full = "\(path)/\(name)"
        let isMade = mkdir(full, 0o700) == 0
        guard isMade || errno == EEXIST else {
            throw .system(full, "the spool's folder cannot be made", remedy: remedy)
        }
        let descriptor = open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .system(full, "the spool's folder cannot be opened", remedy: remedy)
        }
        if isMade {
            // The mask of the daemon must not take away what others need; the folder above only leads here.
            guard fchmod(descriptor, mode) == 0 else {
                // Such as in a unit that may not set the setgid bit: what only looks right would take in nothing.
                let error = SgloradError.system(full, "the folder cannot get its mode", remedy: remedy)
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
        guard fstat(descriptor, &status) == 0 else { throw .system(path, "the folder cannot be looked at") }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw .storageFailure(
                path,
                "others could change what is being taken in: the folder must be the daemon's own, mode 0700. Change its "
                    + "owner and mode, or remove it while it is empty: the daemon makes it anew.")
        }
    }

    private static let remedy =
        "Check the owner and mode of spool.directory; 'systemd-tmpfiles --create' makes it as the package means it."
}

public import ErrorModel
internal import Glibc

/// A file that appears under its name complete or not at all: written under a temporary name, synchronised, renamed.
///
/// Each call blocks on the disk; run it on a `ComputePool` or a `FileExecutor`, never on the cooperative pool.
///
/// A file that is neither committed nor kept is removed when the value goes out of scope.
public struct DurableFile: ~Copyable {
    /// Where the file is while it is being written.
    public let temporaryPath: String
    /// Open for reading and writing until the file is committed or kept.
    public let descriptor: Int32
    /// What errors call the file.
    private let name: String
    private var isFinal = false

    /// Creates a file; a file or symbolic link of that name is never opened (`O_EXCL`, `O_NOFOLLOW`).
    ///
    /// - Parameters:
    ///   - folder: an existing folder on the same file system as the final path.
    ///   - temporaryName: the file's name in that folder; a random one by default.
    ///   - mode: the permissions, from which the process's umask is subtracted.
    ///   - reportedName: what errors call the file, such as its final path; the temporary path by default.
    /// - Throws: `storageFailure` where the file cannot be created.
    public init(
        in folder: String, temporaryName: String = Path.uniqueName(), mode: UInt32 = 0o600,
        reportedAs reportedName: String? = nil
    ) throws(SgloradError) {
        let path = "\(folder)/\(temporaryName)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else {
            throw .system(
                reportedName ?? path, "the file cannot be created",
                remedy: "Check the folder's owner and mode.")
        }
        self.temporaryPath = path
        self.descriptor = descriptor
        self.name = reportedName ?? path
    }

    deinit {
        close(descriptor)
        if !isFinal { unlink(temporaryPath) }
    }

    /// Appends bytes.
    ///
    /// - Throws: `storageFailure`.
    public func write(_ bytes: [UInt8]) throws(SgloradError) {
        try FileBytes.append(bytes, to: descriptor, path: name)
    }

    /// Synchronises the file's content.
    ///
    /// - Throws: `storageFailure`.
    public func synchronise() throws(SgloradError) {
        guard fsync(descriptor) == 0 else { throw .system(name, "the file could not be synchronised") }
    }

    /// Synchronises the file, renames it, and synchronises the folder it is renamed into.
    ///
    /// - Parameters:
    ///   - path: the final path.
    ///   - replacing: whether a file of that name is replaced.
    ///   - synchronisingFolder: false where the caller renames more files into the folder and synchronises it once.
    ///   - synchronising: false where the caller makes the file durable in another way.
    /// - Throws: `alreadyExists` where `replacing` is false and something has that name; `storageFailure`. The file is
    ///   removed in both cases.
    public consuming func commit(
        as path: String, replacing: Bool = true, synchronisingFolder: Bool = true, synchronising: Bool = true
    ) throws(SgloradError) {
        if synchronising, fsync(descriptor) != 0 {
            throw .system(path, "the file could not be synchronised")
        }
        try Path.rename(temporaryPath, to: path, replacing: replacing)
        isFinal = true
        if synchronisingFolder { try Folder.synchronise(Path.parent(of: path)) }
    }

    /// Synchronises the file and leaves it where it was created; its folder is the caller's to synchronise.
    ///
    /// This is for a file inside a ``DurableFolder``, which is renamed as a whole.
    ///
    /// - Parameter synchronising: false where the caller makes the file durable in another way.
    /// - Throws: `storageFailure`; the file is removed then.
    public consuming func keep(synchronising: Bool = true) throws(SgloradError) {
        if synchronising { try synchronise() }
        isFinal = true
    }

    /// Writes a small file in one call.
    ///
    /// - Parameters:
    ///   - bytes: the whole content.
    ///   - path: the final path.
    ///   - temporary: the folder it is written in first; the final path's own folder by default.
    ///   - mode: the permissions, from which the process's umask is subtracted.
    ///   - replacing: whether a file of that name is replaced.
    ///   - synchronisingFolder: as for ``commit(as:replacing:synchronisingFolder:synchronising:)``.
    ///   - synchronising: as for ``commit(as:replacing:synchronisingFolder:synchronising:)``.
    /// - Throws: as ``commit(as:replacing:synchronisingFolder:synchronising:)``.
    public static func write(
        _ bytes: [UInt8], to path: String, temporary: String? = nil, mode: UInt32 = 0o600,
        replacing: Bool = true, synchronisingFolder: Bool = true, synchronising: Bool = true
    ) throws(SgloradError) {
        let file = try DurableFile(
            in: temporary ?? Path.parent(of: path), temporaryName: Path.temporaryName(), mode: mode,
            reportedAs: path)
        try file.write(bytes)
        try file.commit(
            as: path, replacing: replacing, synchronisingFolder: synchronisingFolder,
            synchronising: synchronising)
    }
}

/// A folder that appears under its name complete or not at all: filled under a temporary name, synchronised, renamed.
///
/// Each call blocks on the disk. A folder that is not committed is removed, with all it holds, when the value goes out of
/// scope.
public struct DurableFolder: ~Copyable {
    /// Where the folder is while it is being filled.
    public let temporaryPath: String
    private var isFinal = false

    /// Creates an empty folder.
    ///
    /// - Parameters:
    ///   - parent: an existing folder on the same file system as the final path.
    ///   - temporaryName: the folder's name there; a random one by default.
    ///   - mode: the permissions, from which the process's umask is subtracted.
    ///   - reportedName: what an error calls the folder; the temporary path by default.
    /// - Throws: `storageFailure` where it cannot be created, or exists.
    public init(
        in parent: String, temporaryName: String = Path.temporaryName(), mode: UInt32 = 0o700,
        reportedAs reportedName: String? = nil
    ) throws(SgloradError) {
        let path = "\(parent)/\(temporaryName)"
        guard mkdir(path, mode) == 0 else {
            throw .system(
                reportedName ?? path, "the folder cannot be created",
                remedy: "Check the owner and mode of the folder around it.")
        }
        temporaryPath = path
    }

    deinit {
        if !isFinal { Folder.remove(temporaryPath) }
    }

    /// Creates a file in the folder, to be ended with ``DurableFile/keep(synchronising:)``.
    ///
    /// - Parameters:
    ///   - name: the file's final name.
    ///   - mode: the permissions, from which the process's umask is subtracted.
    ///   - reportedName: what errors call the file; its present path by default.
    /// - Throws: `storageFailure` where it cannot be created, or exists.
    public func makeFile(
        _ name: String, mode: UInt32 = 0o600, reportedAs reportedName: String? = nil
    ) throws(SgloradError) -> DurableFile {
        try DurableFile(in: temporaryPath, temporaryName: name, mode: mode, reportedAs: reportedName)
    }

    /// Synchronises the folder, renames it, and synchronises the folder it is renamed into.
    ///
    /// - Parameters:
    ///   - path: the final path; an empty folder there is replaced, anything else is not.
    ///   - synchronising: false where the caller makes the folder durable in another way.
    /// - Throws: `storageFailure`; the folder is removed then.
    public consuming func commit(as path: String, synchronising: Bool = true) throws(SgloradError) {
        if synchronising { try Folder.synchronise(temporaryPath) }
        try Path.rename(temporaryPath, to: path)
        isFinal = true
        if synchronising { try Folder.synchronise(Path.parent(of: path)) }
    }
}

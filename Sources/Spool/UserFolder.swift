internal import CLinux
internal import ErrorModel
internal import Files
internal import Glibc

/// A user's folder in `done/` or `rejected/`: the daemon writes it, and that user alone can read it.
///
/// Each call blocks on the disk.
final class UserFolder {
    /// The parents of users' folders.
    enum Parent: String, Sendable, Hashable {
        case done
        case rejected
    }

    /// The folder's absolute path, for messages.
    let path: String
    /// The open folder.
    let descriptor: Int32
    private let owner: UserID
    /// Whether the user can read the folder and everything written through this value.
    ///
    /// It is false where the file system does not support access lists and the daemon cannot change a file's owner.
    private(set) var isReadable = true

    /// Opens a user's folder, and creates it if it is missing.
    ///
    /// - Throws: `storageFailure`.
    init(of owner: UserID, in parent: Parent, of spool: SpoolFolder) throws(SgloradError) {
        let directory = spool.descriptor(of: parent)
        let path = "\(spool.path)/\(parent.rawValue)/\(owner)"
        self.path = path
        self.owner = owner
        let isNew = mkdirat(directory, "\(owner)", 0o700) == 0
        guard isNew || errno == EEXIST else { throw .system(path, "the user's folder cannot be created") }
        descriptor = Self.open(owner, in: directory)
        guard descriptor >= 0 else { throw .system(path, "the user's folder cannot be opened") }
        // Granted each time: a folder that was restored from a backup has lost its access list.
        grant(descriptor, isFolder: true)
        if isNew, fsync(directory) != 0 {
            throw .system("\(spool.path)/\(parent.rawValue)", "the folder could not be synchronised")
        }
    }

    /// Opens a user's folder; nil if there is none.
    init?(existingOf owner: UserID, in parent: Parent, of spool: SpoolFolder) {
        path = "\(spool.path)/\(parent.rawValue)/\(owner)"
        self.owner = owner
        descriptor = Self.open(owner, in: spool.descriptor(of: parent))
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    private static func open(_ owner: UserID, in directory: Int32) -> Int32 {
        openat(directory, "\(owner)", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }

    /// Writes a file under a temporary name, and starts to write it to the disk without waiting for that.
    ///
    /// - Parameters:
    ///   - content: the whole file.
    ///   - name: the name that the file is to get, for messages.
    /// - Returns: the temporary name.
    /// - Throws: `storageFailure`; nothing is left then.
    func stage(_ content: [UInt8], for name: String) throws(SgloradError) -> FileName {
        let file = "\(path)/\(name)"
        let temporary = FileName(".\(Path.uniqueName())")
        let new = openat(
            descriptor, temporary.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard new >= 0 else { throw .system(file, "the file cannot be created") }
        defer { close(new) }
        do throws(SgloradError) {
            try FileBytes.append(content, to: new, path: file)
        } catch {
            discard(temporary)
            throw error
        }
        grant(new, isFolder: false)
        // A hint: `publish(_:as:)` waits for the disk and reports its errors.
        _ = sglorad_begin_writing(new)
        return temporary
    }

    /// Makes a staged file durable and gives it its name; a file of that name is replaced.
    ///
    /// The name is durable after `synchronise()`.
    ///
    /// - Throws: `storageFailure`; nothing is left under the temporary name then.
    func publish(_ temporary: FileName, as name: String) throws(SgloradError) {
        let file = "\(path)/\(name)"
        let staged = openat(descriptor, temporary.path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard staged >= 0 else { throw .system(file, "the file cannot be opened again") }
        defer { close(staged) }
        do throws(SgloradError) {
            guard fsync(staged) == 0 else {
                throw SgloradError.system(file, "the file could not be synchronised")
            }
            guard renameat(descriptor, temporary.path, descriptor, FileName(name).path) == 0 else {
                throw SgloradError.system(file, "the file cannot be renamed to its final name")
            }
        } catch {
            discard(temporary)
            throw error
        }
    }

    /// Removes a staged file.
    func discard(_ temporary: FileName) {
        unlinkat(descriptor, temporary.path, 0)
    }

    /// Makes names that were added or removed durable.
    ///
    /// - Throws: `storageFailure`.
    func synchronise() throws(SgloradError) {
        guard fsync(descriptor) == 0 else { throw .system(path, "the folder could not be synchronised") }
    }

    private func grant(_ file: Int32, isFolder: Bool) {
        let grant = AccessList.grant(file, to: owner, folder: isFolder, givingAway: true)
        if grant == .none { isReadable = false }
    }
}

extension SpoolFolder {
    func descriptor(of parent: UserFolder.Parent) -> Int32 {
        switch parent {
        case .done: done
        case .rejected: rejected
        }
    }
}

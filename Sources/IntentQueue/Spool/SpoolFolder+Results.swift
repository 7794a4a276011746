internal import DurableStorage
public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Writes results, each whole or not at all; what was written is durable after ``synchronise()``.
///
/// One value serves a batch, so that each user's folder is opened and synchronised once for it.
public struct SpoolResults: ~Copyable {
    private let folder: SpoolFolder
    private var users: [Int: Int32] = [:]
    /// The users who cannot read what is written for them: the file system keeps no access lists.
    public private(set) var unreadable: Set<Int> = []

    /// Begins a batch.
    public init(_ folder: SpoolFolder) {
        self.folder = folder
    }

    deinit {
        for descriptor in users.values { close(descriptor) }
    }

    /// Writes a result as `done/<uid>/<name>`; a file of that name is replaced.
    ///
    /// - Throws: `storageFailure`.
    public mutating func write(_ bytes: [UInt8], as name: String, for uid: Int) throws(SgloradError) {
        let user = try user(uid)
        let path = "\(folder.path)/done/\(uid)/\(name)"
        let temporary = FileName(".\(DurableFile.uniqueName())").path
        let descriptor = openat(user, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(path, "a result cannot be written") }
        defer { close(descriptor) }
        do throws(SgloradError) {
            try DurableFile.append(bytes, to: descriptor, path: path)
            if AccessList.grant(descriptor, to: UInt32(uid), folder: false, givingAway: true) == .none {
                unreadable.insert(uid)
            }
            guard fsync(descriptor) == 0 else {
                throw SgloradError.system(path, "the disk did not take the result")
            }
            guard renameat(user, temporary, user, FileName(name).path) == 0 else {
                throw SgloradError.system(path, "the result cannot get its name")
            }
        } catch {
            unlinkat(user, temporary, 0)
            throw error
        }
    }

    /// Makes the names of what was written durable.
    public func synchronise() throws(SgloradError) {
        for (uid, descriptor) in users {
            guard fsync(descriptor) == 0 else {
                throw .system("\(folder.path)/done/\(uid)", "the disk did not take the folder")
            }
        }
    }

    private mutating func user(_ uid: Int) throws(SgloradError) -> Int32 {
        if let known = users[uid] { return known }
        let opened = try folder.userFolder(uid, in: folder.done, "done")
        if opened.grant == .none { unreadable.insert(uid) }
        users[uid] = opened.descriptor
        return opened.descriptor
    }
}

extension SpoolFolder {
    /// Opens a user's folder in `done/` or `rejected/`, and makes it where there is none: readable for that user alone.
    func userFolder(
        _ uid: Int, in parent: Int32, _ name: String
    ) throws(SgloradError) -> (descriptor: Int32, grant: AccessList.Grant) {
        let path = "\(self.path)/\(name)/\(uid)"
        let isMade = mkdirat(parent, "\(uid)", 0o700) == 0
        guard isMade || errno == EEXIST else { throw .system(path, "the user's folder cannot be made") }
        let descriptor = openat(parent, "\(uid)", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path, "the user's folder cannot be opened") }
        // Given each time: a folder that a backup brought back has lost its list.
        let grant = AccessList.grant(descriptor, to: UInt32(uid), folder: true, givingAway: true)
        if isMade, fsync(parent) != 0 {
            close(descriptor)
            throw .system("\(self.path)/\(name)", "the disk did not take the folder")
        }
        return (descriptor, grant)
    }

    /// The names of a user's results.
    public func results(of uid: Int) -> [String] {
        entries(of: uid, in: done).filter { !$0.isHidden }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// Removes a user's results by their names.
    ///
    /// - Returns: how many there were.
    public func removeResults(_ names: some Sequence<String>, of uid: Int) -> Int {
        withUserFolder(uid, in: done) { folder in
            let removed = names.count { unlinkat(folder, FileName($0).path, 0) == 0 }
            fsync(folder)
            return removed
        } ?? 0
    }

    func entries(of uid: Int, in parent: Int32) -> [FileName] {
        withUserFolder(uid, in: parent) { FolderNames.all($0) } ?? []
    }

    func withUserFolder<R>(_ uid: Int, in parent: Int32, _ body: (Int32) -> R) -> R? {
        let descriptor = openat(parent, "\(uid)", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return body(descriptor)
    }
}

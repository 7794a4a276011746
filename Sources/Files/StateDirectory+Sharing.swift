public import ErrorModel
internal import Glibc
internal import Synchronization

/// Sharing of published adapters with their owners and with the group of readers.
///
/// Everything else is closed, even to being looked at: `stat` on a known name would show that a user has adapters, how many,
/// and when the latest was made. So only users who own adapters, and the readers, may pass through the folders above them;
/// there they meet names that they know already, or cannot guess.
extension StateDirectory {
    /// The access lists of the folders above the adapters are set by one thread at a time.
    private static let passage = Mutex(())

    /// Lets the owners of adapters, and the readers, pass through to the adapters' folders, and closes everything to
    /// everybody else, whatever umask it was created under.
    ///
    /// - Throws: `storageFailure` where a mode cannot be set.
    public func openPathToAdapters() throws(SgloradError) {
        for folder in [closed, root + "/lock"] {
            guard chmod(folder, 0o700) == 0 || errno == ENOENT else {
                throw .system(folder, "the folder's mode cannot be set to 0700")
            }
        }
        try letOwnersPass()
    }

    /// Creates a user's folder in `adapters/` if it is missing, and shares it with that user and the readers.
    ///
    /// - Returns: its path.
    /// - Throws: `storageFailure`.
    public func userFolder(_ uid: UserID) throws(SgloradError) -> String {
        var path = owner(uid)
        if access(path, F_OK) != 0 {
            path = try owners.record(uid)
            try Folder.make(path)
            try Folder.synchronise(adapters)
            try letOwnersPass()
        }
        try share(folder: path, with: uid)
        return path
    }

    /// Shares a folder with a user and the readers.
    ///
    /// On a file system without access lists the folder stays closed; the user then exports adapters through the socket.
    ///
    /// - Throws: `storageFailure` where the folder cannot be opened.
    public func share(folder: String, with uid: UserID) throws(SgloradError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(folder, "the folder cannot be opened") }
        defer { close(descriptor) }
        share(descriptor, with: uid, folder: true)
    }

    /// Shares an open file or folder with a user and the readers.
    public func share(_ descriptor: Int32, with uid: UserID, folder: Bool) {
        _ = AccessList.grant(descriptor, to: uid, group: readers, folder: folder, givingAway: false)
    }

    /// Lets the users who have a folder in `adapters/`, and the readers, pass through the folders above.
    ///
    /// An access list has room for some 500 users on ext4, and for more elsewhere. Where there are too many, everybody
    /// may pass, and still list nothing. Where the file system has no access lists, nobody may: no adapter is shared then.
    private func letOwnersPass() throws(SgloradError) {
        let failure = Self.passage.withLock { _ -> (folder: String, number: Int32)? in
            let names = Set(Folder.entries(of: adapters))
            let users = Set(owners.users.filter { names.contains($0.key) }.values)
            for folder in [root, adapters] {
                if let number = letPass(folder, users) { return (folder, number) }
            }
            return nil
        }
        guard let failure else { return }
        errno = failure.number
        throw .system(failure.folder, "the folder's access list cannot be set")
    }

    /// Lets users and the readers pass through one folder; the error number where that fails.
    private func letPass(_ folder: String, _ users: Set<UserID>) -> Int32? {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        switch AccessList.letPass(descriptor, users: users, group: readers) {
        case nil: return nil
        case ENOTSUP: return fchmod(descriptor, 0o700) == 0 ? nil : errno
        case ENOSPC, E2BIG, ERANGE: return fchmod(descriptor, 0o711) == 0 ? nil : errno
        case let number?: return number
        }
    }
}

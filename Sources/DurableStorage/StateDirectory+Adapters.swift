public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension StateDirectory {
    /// Lets users pass through to the folders of their own adapters, and through to nothing else: what lies beside them is
    /// closed file by file, whatever mask it was made under.
    ///
    /// - Throws: `storageFailure` where a mode cannot be set.
    public func openWayToAdapters() throws(SgloradError) {
        for database in [queueDatabase, cacheDatabase] {
            for suffix in ["", "-wal", "-shm"] {
                guard chmod(database + suffix, 0o600) == 0 || errno == ENOENT else {
                    throw .system(database + suffix, "the file cannot be closed to others")
                }
            }
        }
        for folder in [blobs, uploads, temporary] where chmod(folder, 0o700) != 0 {
            throw .system(folder, "the folder cannot be closed to others")
        }
        for folder in [root, adapters] where chmod(folder, 0o711) != 0 {
            throw .system(folder, "the folder cannot be opened to users on their way to their adapters")
        }
    }

    /// Opens a user's folder in `adapters/` to that user and to the readers, and makes it where there is none.
    ///
    /// - Returns: its path.
    public func userFolder(_ uid: Int) throws(SgloradError) -> String {
        let path = "\(adapters)/\(uid)"
        if access(path, F_OK) != 0 {
            try Self.makeFolder(path)
            try DurableFile.synchronise(folder: adapters)
        }
        try share(folder: path, with: uid)
        return path
    }

    /// Opens a folder of the daemon's to a user and to the readers.
    ///
    /// On a file system without access lists it stays closed: the user then exports adapters through the socket.
    public func share(folder: String, with uid: Int) throws(SgloradError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(folder, "the folder cannot be opened") }
        defer { close(descriptor) }
        share(descriptor, with: uid, folder: true)
    }

    /// Opens an open file or folder of the daemon's to a user and to the readers.
    public func share(_ descriptor: Int32, with uid: Int, folder: Bool) {
        _ = AccessList.grant(
            descriptor, to: UInt32(truncatingIfNeeded: uid), group: readers, folder: folder, givingAway: false
        )
    }
}

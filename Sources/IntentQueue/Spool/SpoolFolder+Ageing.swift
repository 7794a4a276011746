public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension SpoolFolder {
    /// How long a file may lie in `tmp/` until it counts as left there.
    static let abandoned = 24 * 3600

    /// What is done from time to time: results and rejected files go after their time, and what a program has left in `tmp/`
    /// for a day is rejected.
    ///
    /// - Parameters:
    ///   - results: for how long results are kept.
    ///   - keep: for how long rejected files are kept.
    ///   - now: the time, in seconds since 1970.
    public func age(results: Duration, rejected keep: Duration, now: Int = wallClock()) throws(SgloradError) {
        for user in FolderNames.all(done) {
            remove(olderThan: now - Int(results.components.seconds), in: done, user)
        }
        for user in FolderNames.all(rejected) {
            remove(olderThan: now - Int(keep.components.seconds), in: rejected, user)
        }
        for name in FolderNames.all(temporary) {
            var status = stat()
            guard fstatat(temporary, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0,
                now - status.st_ctim.tv_sec >= Self.abandoned,
                case .taken(let file) = try take(name, from: temporary)
            else { continue }
            let isFile = status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 1
            try reject(
                file, of: Int(status.st_uid),
                for: SpoolDefect("was left in tmp/ for a day and never renamed into new/", hasContent: isFile)
            )
        }
    }

    /// The names within a user's folder, which the daemon alone can write, so that nothing leads elsewhere.
    private func remove(olderThan limit: Int, in parent: Int32, _ user: FileName) {
        let folder = openat(parent, user.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        for name in FolderNames.all(folder) {
            var status = stat()
            guard fstatat(folder, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_ctim.tv_sec <= limit
            else { continue }
            if unlinkat(folder, name.path, 0) != 0 { unlinkat(folder, name.path, AT_REMOVEDIR) }
        }
    }
}

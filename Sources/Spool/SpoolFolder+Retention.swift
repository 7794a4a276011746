internal import ErrorModel
internal import Files
internal import Glibc

extension SpoolFolder {
    /// The age in seconds at which a file in `tmp/` counts as abandoned.
    static let abandoned = 24 * 3600

    /// Removes results and rejected files whose retention has ended, and rejects what programs abandoned in `tmp/`.
    ///
    /// The age of a file is the time since its last status change.
    ///
    /// - Parameters:
    ///   - results: the retention of results.
    ///   - rejected: the retention of rejected files and their reasons.
    ///   - now: the time, in seconds since 1970.
    /// - Throws: `storageFailure`.
    func applyRetention(
        results: Duration, rejected retention: Duration, now: Int = wallClock()
    ) throws(SgloradError) {
        removeFiles(in: done, changedUntil: now - Int(results.components.seconds))
        removeFiles(in: rejected, changedUntil: now - Int(retention.components.seconds))
        for name in FolderNames.all(temporary) {
            var status = stat()
            guard fstatat(temporary, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0,
                now - status.st_ctim.tv_sec >= Self.abandoned,
                case .taken(let file) = try take(name, from: temporary)
            else { continue }
            let isFile = status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 1
            try reject(
                file, of: UserID(status.st_uid),
                for: SpoolDefect(
                    "was left in tmp/ for a day and never renamed into new/", hasContent: isFile))
        }
    }

    /// Removes old files from all users' folders.
    ///
    /// Only the daemon can write these folders, so no name in them leads elsewhere.
    private func removeFiles(in parent: Int32, changedUntil limit: Int) {
        for user in FolderNames.all(parent) {
            let folder = openat(parent, user.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard folder >= 0 else { continue }
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
}

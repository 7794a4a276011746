internal import ErrorModel
internal import Files
internal import Glibc

extension SpoolFolder {
    /// The age in seconds at which a file in `tmp/` counts as abandoned.
    static let abandoned = 24 * 3600

    /// How many files of a user are found by one call, and how many files are removed or rejected by one.
    static let retentionBatch = 1_024

    /// A file in a user's folder whose retention has ended.
    struct ExpiredFile: Sendable {
        fileprivate let parent: UserFolder.Parent
        fileprivate let user: FileName
        fileprivate let name: FileName
        fileprivate let stamp: FileStamp
    }

    /// The results and rejected files whose retention has ended, at most `retentionBatch` of each user and kind.
    ///
    /// The age of a file counts from its last status change. Nothing is changed, so this may run beside the intake.
    ///
    /// - Parameters:
    ///   - results: the retention of results.
    ///   - retention: the retention of rejected files and their reasons.
    ///   - age: the age of a file that changed at a time, both in seconds, the time since 1970.
    func expired(
        results: Duration, rejected retention: Duration, age: (Int) -> Int
    ) -> [ExpiredFile] {
        var found: [ExpiredFile] = []
        for (parent, limit) in [(UserFolder.Parent.done, results), (.rejected, retention)] {
            let limit = Int(limit.components.seconds)
            for user in FolderNames.all(descriptor(of: parent)) {
                let room = found.count + Self.retentionBatch
                withFolder(user, in: parent) { folder in
                    for name in FolderNames.all(folder) where found.count < room {
                        var status = stat()
                        guard fstatat(folder, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0,
                            age(status.st_ctim.tv_sec) >= limit
                        else { continue }
                        found.append(
                            ExpiredFile(parent: parent, user: user, name: name, stamp: FileStamp(status)))
                    }
                }
            }
        }
        return found
    }

    /// Removes files that have not changed since they were found to be expired.
    ///
    /// - Returns: how many were removed; a folder stays whose content the daemon may not remove.
    func remove(_ expired: [ExpiredFile]) -> Int {
        var removed = 0
        for file in expired {
            withFolder(file.user, in: file.parent) { folder in
                var status = stat()
                guard fstatat(folder, file.name.path, &status, AT_SYMLINK_NOFOLLOW) == 0,
                    FileStamp(status) == file.stamp
                else { return }
                var content = FolderErasure(of: UserID(status.st_uid))
                if unlinkat(folder, file.name.path, 0) == 0 || content.remove(file.name, in: folder) == nil {
                    removed += 1
                }
            }
        }
        return removed
    }

    /// Rejects what programs abandoned in `tmp/`, at most `retentionBatch` files.
    ///
    /// - Parameter age: as for `expired(results:rejected:age:)`.
    /// - Returns: how many were rejected, and the first failure.
    func rejectAbandoned(age: (Int) -> Int) -> (rejected: Int, failure: SgloradError?) {
        var (rejections, failure): ([SpoolRejection], SgloradError?) = ([], nil)
        FolderNames.forEach(temporary) { name in
            var status = stat()
            guard rejections.count < Self.retentionBatch,
                fstatat(temporary, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0,
                age(status.st_ctim.tv_sec) >= Self.abandoned
            else { return }
            do throws(SgloradError) {
                guard case .taken(let file) = try take(name, from: temporary) else { return }
                let isFile = status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 1
                rejections.append(
                    SpoolRejection(
                        file: file, name: file.rejectedName, owner: UserID(status.st_uid),
                        defect: SpoolDefect(
                            "was left in tmp/ for a day and never renamed into new/", hasContent: isFile)))
            } catch {
                failure = failure ?? error
            }
        }
        guard !rejections.isEmpty else { return (0, failure) }
        let outcome = reject(rejections, keeping: true)
        return (outcome.rejected, failure ?? outcome.failure)
    }

    /// Runs `body` with a user's open folder, if there is one.
    ///
    /// Only the daemon can write these folders, so no name in them leads elsewhere.
    private func withFolder(_ user: FileName, in parent: UserFolder.Parent, _ body: (Int32) -> Void) {
        let folder = openat(
            descriptor(of: parent), user.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return }
        body(folder)
        close(folder)
    }
}

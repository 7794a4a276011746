internal import ErrorModel
internal import Files
internal import Glibc

/// Erases what a user has put into the spool's folders, folders with content included.
///
/// It removes no more than the user could: whatever belongs to the user, and everything that lies in a folder of the
/// user's. Each step starts at an open folder and never follows a link, and a folder is entered only if it belongs to the
/// user and lies on the same file system, so nothing outside is touched even if names are exchanged meanwhile.
struct FolderErasure {
    /// The user.
    let owner: UserID
    /// How many files were removed, without the folders around them.
    private(set) var files = 0
    /// How many folders were removed.
    private(set) var folders = 0

    /// How deep folders may be nested; each level holds a file open.
    private static let depth = 64

    /// Begins an erasure.
    init(of owner: UserID) {
        self.owner = owner
    }

    /// Removes a file, or a folder with all it holds.
    ///
    /// - Parameters:
    ///   - name: its name.
    ///   - parent: the open folder that holds it.
    /// - Returns: why something is left; nil if nothing of that name is.
    mutating func remove(_ name: FileName, in parent: Int32) -> String? {
        var status = stat()
        guard fstatat(parent, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return Self.reason }
        guard status.st_uid == owner.rawValue else { return "it belongs to another user" }
        return remove(name, in: parent, status, level: 0)
    }

    private mutating func remove(
        _ name: FileName, in parent: Int32, _ status: stat, level: Int
    ) -> String? {
        guard status.st_mode & S_IFMT == S_IFDIR else {
            guard unlinkat(parent, name.path, 0) == 0 else { return Self.reason }
            files += 1
            return nil
        }
        var inner: String?
        if status.st_uid == owner.rawValue {
            inner =
                level < Self.depth ? empty(name, in: parent, status, level) : "folders are nested too deeply"
        }
        if unlinkat(parent, name.path, AT_REMOVEDIR) == 0 {
            folders += 1
            return nil
        }
        return inner ?? Self.reason
    }

    private mutating func empty(
        _ name: FileName, in parent: Int32, _ status: stat, _ level: Int
    ) -> String? {
        let folder = openat(parent, name.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return Self.reason }
        defer { close(folder) }
        var opened = stat()
        guard fstat(folder, &opened) == 0, opened.st_uid == owner.rawValue, opened.st_dev == status.st_dev
        else {
            return "it was exchanged meanwhile"
        }
        var first: String?
        for entry in FolderNames.all(folder) {
            var below = stat()
            guard fstatat(folder, entry.path, &below, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let reason =
                below.st_dev == opened.st_dev
                ? remove(entry, in: folder, below, level: level + 1) : "it holds another file system"
            first = first ?? reason
        }
        return first
    }

    /// The meaning of `errno`, nil for a file that is not there.
    private static var reason: String? {
        switch errno {
        case ENOENT: nil
        case EACCES, EPERM: "the daemon has no permission to remove its content"
        default: SgloradError.systemReason(errno)
        }
    }
}

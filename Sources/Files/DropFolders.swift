internal import CLinux
public import ErrorModel
internal import Glibc

/// The two folders of a spool that its users write to: `tmp/`, and `new/`, into which a complete file is renamed.
///
/// The users share both folders and need not trust each other, so nothing that another user can prepare there is relied on:
/// the folders are checked and then held open, a file is only ever created (`O_EXCL`, `O_NOFOLLOW`), it is written through
/// the descriptor that created it, and it is renamed only onto a free name. Names must be unguessable, or others can occupy
/// them, which makes the call fail and leaks nothing.
///
/// Each call blocks on the disk.
public struct DropFolders: ~Copyable {
    private let path: String
    private let temporary: Int32
    private let new: Int32
    /// Whether the daemon reads the files as a member of their group.
    private let needsGroup: Bool
    private let group: UInt32

    /// Opens and checks the folders.
    ///
    /// - Parameter path: the spool.
    /// - Throws: `storageFailure` where they are missing, or are not protected from other users.
    public init(_ path: String) throws(SgloradError) {
        var opened: [Int32] = []
        do throws(SgloradError) {
            // The spool's own path may be a link; it is the caller's choice.
            let place = sglorad_open_place(AT_FDCWD, path + "/.")
            guard place >= 0 else { throw Self.missing(path) }
            defer { close(place) }
            for name in ["tmp", "new"] {
                let folder = sglorad_open_place(place, name)
                guard folder >= 0 else { throw Self.missing(path) }
                opened.append(folder)
            }
            let (outer, first, second) = (
                try Self.status(place, path), try Self.status(opened[0], "\(path)/tmp"),
                try Self.status(opened[1], "\(path)/new")
            )
            try Self.require(outer, first, second, path)
            needsGroup = first.st_uid != 0 && first.st_uid != geteuid()
            group = first.st_gid
        } catch {
            for folder in opened { close(folder) }
            throw error
        }
        self.path = path
        (temporary, new) = (opened[0], opened[1])
    }

    deinit {
        close(temporary)
        close(new)
    }

    /// Writes a file and drops it; durable when it returns.
    ///
    /// - Parameters:
    ///   - content: the whole file.
    ///   - name: its name, which nobody can guess.
    /// - Throws: `storageFailure`; nothing is left then.
    public func drop(_ content: [UInt8], as name: String) throws(SgloradError) {
        let written = "\(path)/tmp/\(name)"
        let file = openat(temporary, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw .system(
                written, "the file cannot be created",
                remedy: "Users of the spool must be members of the group sglorad-users.")
        }
        defer { close(file) }
        do throws(SgloradError) {
            try FileBytes.append(content, to: file, path: written)
            var status = stat()
            // The file inherits the daemon's group from the folder. In any other group it stays closed.
            if needsGroup, fstat(file, &status) == 0, status.st_gid == group { fchmod(file, 0o640) }
            guard fsync(file) == 0 else {
                throw SgloradError.system(written, "the file could not be synchronised")
            }
            try rename(name)
        } catch {
            unlinkat(temporary, name, 0)
            throw error
        }
        // Users may write to the folder but not open it, so it cannot be synchronised. The rename changed the file's
        // status; on Linux's journalling file systems, synchronising the file commits the new name with it.
        guard fsync(file) == 0 else {
            throw .system("\(path)/new/\(name)", "the file could not be synchronised")
        }
    }

    private func rename(_ name: String) throws(SgloradError) {
        if sglorad_rename_new_at(temporary, name, new, name) == 0 { return }
        let isUnknown = errno == EINVAL || errno == ENOSYS
        // A file system without RENAME_NOREPLACE. A rename replaces another's link or file no more than it follows one: the
        // folder's sticky bit forbids it.
        if isUnknown, renameat(temporary, name, new, name) == 0 { return }
        throw .system("\(path)/new/\(name)", "the file cannot be renamed into place")
    }

    private static func require(
        _ spool: stat, _ temporary: stat, _ new: stat, _ path: String
    ) throws(SgloradError) {
        let others: mode_t = 0o022
        guard spool.st_mode & others == 0 || spool.st_mode & S_ISVTX != 0 else {
            throw .storageFailure(
                path,
                "other users can replace the folders of this spool, so nothing is written to it. \(remedy)")
        }
        guard temporary.st_uid == new.st_uid, [temporary.st_uid, 0, geteuid()].contains(spool.st_uid) else {
            throw .storageFailure(
                path,
                "tmp/ and new/ do not belong to the user whose spool it is, so nothing is written to it. \(remedy)"
            )
        }
        for (folder, name) in [(temporary, "tmp"), (new, "new")]
        where folder.st_mode & others != 0 && folder.st_mode & S_ISVTX == 0 {
            throw .storageFailure(
                "\(path)/\(name)",
                "the folder has no sticky bit, so other users could exchange your file, and nothing is written to it. "
                    + remedy)
        }
    }

    private static let remedy =
        "An operator can repair it with 'systemd-tmpfiles --create'; docs/spool.md lists owners and modes."

    private static func status(_ folder: Int32, _ path: String) throws(SgloradError) -> stat {
        var status = stat()
        guard fstat(folder, &status) == 0 else {
            throw .system(path, "the folder's status cannot be read")
        }
        return status
    }

    private static func missing(_ path: String) -> SgloradError {
        guard errno == ENOENT else {
            return .system(
                path, "the spool cannot be entered",
                remedy: "Users of the spool must be members of the group sglorad-users.")
        }
        return .storageFailure(
            "\(path)/tmp",
            "there is no spool folder at \(path). Name it with --spool-directory, or set spool.directory in the "
                + "daemon's configuration.")
    }
}

internal import ErrorModel
internal import Files
internal import Glibc

/// What was found when a taken file was read.
///
/// `quiet` is for how many whole seconds neither the file nor its name has changed; `Int.max` once the file has had the
/// time that ``SpoolFolder/patience`` allows.
enum SpoolReading: Sendable, Hashable {
    /// A regular file with one link that did not change while it was read.
    case content([UInt8], owner: UserID, quiet: Int)
    /// Anything else.
    case defect(SpoolDefect, owner: UserID, quiet: Int)
    /// It is not there any more.
    case gone
}

/// Why a file cannot be an intent.
struct SpoolDefect: Sendable, Hashable {
    /// One or two sentences for the owner.
    let reason: String
    /// Whether the defect may be temporary because a program is still working on the file.
    let mayPass: Bool
    /// Whether the file has content to keep.
    let hasContent: Bool

    /// Makes a defect from the predicate of a sentence that begins with "The file".
    init(_ predicate: String, mayPass: Bool = false, hasContent: Bool = true) {
        self.init(reason: "The file \(predicate).", mayPass: mayPass, hasContent: hasContent)
    }

    /// Makes a defect from a whole reason.
    init(reason: String, mayPass: Bool = false, hasContent: Bool = true) {
        self.reason = reason
        self.mayPass = mayPass
        self.hasContent = hasContent
    }
}

extension SpoolFolder {
    /// Reads a taken file of at most ``fileLimit`` bytes, without following links or waiting for other programs.
    ///
    /// - Throws: `storageFailure`.
    func read(_ file: TakenFile, now: Int = wallClock()) throws(SgloradError) -> SpoolReading {
        var before = stat()
        guard fstatat(taking, file.place.path, &before, AT_SYMLINK_NOFOLLOW) == 0 else { return .gone }
        let owner = UserID(before.st_uid)
        // Neither a clock that was set back nor a program that never stops writing makes a file wait for ever.
        let isOverdue = now - file.takenAt >= patience || now < before.st_ctim.tv_sec
        let quiet = isOverdue ? .max : now - before.st_ctim.tv_sec
        func defect(_ reason: String, mayPass: Bool = false, hasContent: Bool = true) -> SpoolReading {
            .defect(SpoolDefect(reason, mayPass: mayPass, hasContent: hasContent), owner: owner, quiet: quiet)
        }
        guard before.st_mode & S_IFMT == S_IFREG else {
            return defect("is \(Self.kind(before.st_mode)) and not a regular file", hasContent: false)
        }
        guard file.name.spoolText != nil else {
            return defect(
                "has an invalid name: it must end in .json, not begin with a dot, hold no control characters, "
                    + "be UTF-8 and at most \(FileName.limit) bytes long")
        }
        guard before.st_nlink == 1 else {
            return defect(
                "has another name elsewhere (a hard link); write a separate file", mayPass: true,
                hasContent: false)
        }
        guard before.st_size <= Self.fileLimit else {
            return defect("has \(before.st_size) bytes; the limit is \(Self.fileLimit)")
        }
        let descriptor = openat(
            taking, file.place.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT: return .gone
            case EACCES, EPERM:
                return defect("cannot be read by the daemon; make it readable for its group (mode 0640)")
            case EAGAIN:
                // Its owner holds a lease on it (fcntl(2), F_SETLEASE).
                return defect("is held by another program's lease; release it", mayPass: true)
            default: throw .system(path + "/taking", "a file cannot be opened")
            }
        }
        defer { close(descriptor) }
        return try read(descriptor, before, owner: owner, quiet: quiet)
    }

    private func read(
        _ descriptor: Int32, _ before: stat, owner: UserID, quiet: Int
    ) throws(SgloradError) -> SpoolReading {
        guard let bytes = FileBytes.read(Self.fileLimit + 1, at: 0, from: descriptor) else {
            throw .system(path + "/taking", "a file cannot be read")
        }
        var after = stat()
        guard fstat(descriptor, &after) == 0 else {
            throw .system(path + "/taking", "a file's status cannot be read")
        }
        guard bytes.count == before.st_size, Self.isSame(before, after) else {
            return .defect(
                SpoolDefect(
                    "is still being written; write it in tmp/ and rename it into new/ when it is complete",
                    mayPass: true), owner: owner, quiet: quiet == .max ? quiet : 0)
        }
        guard !bytes.isEmpty else {
            return .defect(SpoolDefect("is empty", mayPass: true), owner: owner, quiet: quiet)
        }
        return .content(bytes, owner: owner, quiet: quiet)
    }

    private static func isSame(_ a: stat, _ b: stat) -> Bool {
        a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size && a.st_nlink == b.st_nlink
            && a.st_uid == b.st_uid && a.st_mtim.tv_sec == b.st_mtim.tv_sec
            && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_ctim.tv_sec == b.st_ctim.tv_sec
            && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a folder"
        case S_IFLNK: "a symbolic link"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }
}

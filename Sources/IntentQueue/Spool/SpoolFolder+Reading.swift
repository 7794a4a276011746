internal import DurableStorage
public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What a taken file is.
public enum SpoolReading: Sendable, Hashable {
    /// A regular file of one link that stood still while it was read.
    case content([UInt8], uid: Int, quiet: Int)
    /// Something else.
    case defect(SpoolDefect, uid: Int, quiet: Int)
    /// It is not there any more.
    case gone
}

/// Why a file is no intent.
public struct SpoolDefect: Sendable, Hashable {
    /// The reason, a sentence or two.
    public let reason: String
    /// Whether it may pass: somebody may still be at the file.
    public let mayPass: Bool
    /// Whether there is something in it to keep.
    public let hasContent: Bool

    /// Makes a defect; `predicate` continues "The file …".
    init(_ predicate: String, mayPass: Bool = false, hasContent: Bool = true) {
        self.init(reason: "The file \(predicate).", mayPass: mayPass, hasContent: hasContent)
    }

    /// Makes a defect from its whole reason.
    public init(reason: String, mayPass: Bool = false, hasContent: Bool = true) {
        self.reason = reason
        self.mayPass = mayPass
        self.hasContent = hasContent
    }
}

extension SpoolFolder {
    /// Reads a taken file.
    ///
    /// `quiet` is for how many seconds nothing has changed about it, its name included; more than any number where it has had
    /// time enough.
    ///
    /// - Throws: `storageFailure` where the disk refuses.
    public func read(_ file: TakenFile, now: Int = wallClock()) throws(SgloradError) -> SpoolReading {
        var before = stat()
        guard fstatat(taking, file.place.path, &before, AT_SYMLINK_NOFOLLOW) == 0 else { return .gone }
        let uid = Int(before.st_uid)
        // A clock that was set back must not make a file wait for ever, nor one who never stops writing.
        let isOverdue = now - file.takenAt >= Self.patience || now < before.st_ctim.tv_sec
        let quiet = isOverdue ? .max : now - before.st_ctim.tv_sec
        func defect(_ reason: String, mayPass: Bool = false, hasContent: Bool = true) -> SpoolReading {
            .defect(SpoolDefect(reason, mayPass: mayPass, hasContent: hasContent), uid: uid, quiet: quiet)
        }
        guard before.st_mode & S_IFMT == S_IFREG else {
            return defect("is \(Self.kind(before.st_mode)) and not a regular file", hasContent: false)
        }
        guard file.name.spoolText != nil else {
            return defect(
                "has a name that no intent may have: it must end in .json, not begin with a dot, hold no control characters, "
                    + "be UTF-8 and at most \(FileName.limit) bytes long")
        }
        guard before.st_nlink == 1 else {
            return defect(
                "has another name elsewhere (a hard link); write a file of its own", mayPass: true,
                hasContent: false)
        }
        guard before.st_size <= Self.fileLimit else {
            return defect("has \(before.st_size) bytes; at most \(Self.fileLimit) are taken")
        }
        let descriptor = openat(
            taking, file.place.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT: return .gone
            case EACCES, EPERM:
                return defect("may not be read by the daemon; make it readable for its group (mode 0640)")
            case EAGAIN:
                // Its owner holds a lease on it (fcntl(2), F_SETLEASE).
                return defect("is held by another program; let go of it", mayPass: true)
            default: throw .system(path + "/taking", "a file cannot be opened")
            }
        }
        defer { close(descriptor) }
        return try read(descriptor, before, uid: uid, quiet: quiet)
    }

    private func read(
        _ descriptor: Int32, _ before: stat, uid: Int, quiet: Int
    ) throws(SgloradError) -> SpoolReading {
        var bytes = [UInt8](repeating: 0, count: Self.fileLimit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count, off_t(count))
            }
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw .system(path + "/taking", "a file cannot be read")
            }
            count += got
        }
        var after = stat()
        guard fstat(descriptor, &after) == 0 else {
            throw .system(path + "/taking", "a file cannot be looked at")
        }
        guard count == before.st_size, Self.isSame(before, after) else {
            return .defect(
                SpoolDefect(
                    "is still being written; write it in tmp/ and rename it into new/ when it is whole",
                    mayPass: true), uid: uid, quiet: quiet == .max ? quiet : 0)
        }
        guard count > 0 else {
            return .defect(SpoolDefect("is empty", mayPass: true), uid: uid, quiet: quiet)
        }
        return .content(Array(bytes[..<count]), uid: uid, quiet: quiet)
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

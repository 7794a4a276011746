internal import DurableStorage
public import ErrorModel
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A file that waits in `new/`.
public struct WaitingFile: Sendable, Hashable {
    /// Its name.
    public let name: FileName
    /// Whose it is.
    public let uid: Int
    /// When it was written last, in nanoseconds since 1970.
    public let modified: Int
}

/// A file in `taking/`: the daemon's alone, under a name that no other file has had.
public struct TakenFile: Sendable, Hashable {
    /// Sixteen hexadecimal digits that tell it from others of the same name: eight of the second in which it was taken, and
    /// eight at random.
    public let mark: String
    /// The name that it had in `new/`.
    public let name: FileName

    /// The name in `taking/`.
    var place: FileName { FileName(Array(mark.utf8) + [UInt8(ascii: "-")] + name.bytes) }

    private static let markLength = 16

    /// When it was taken, in seconds since 1970; long ago where the mark does not say.
    var takenAt: Int { Int(mark.prefix(8), radix: 16) ?? 0 }

    static func mark(now: Int = wallClock()) -> String {
        let digits = String(UInt32(truncatingIfNeeded: now), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits + DurableFile.uniqueName().suffix(8)
    }

    init(mark: String, name: FileName) {
        self.mark = mark
        // A name that is too long to be an intent's stays too long when it is cut to this.
        self.name = FileName(name.bytes.prefix(FileName.limit + 1))
    }

    init?(place: FileName) {
        let mark = place.bytes.prefix(Self.markLength)
        guard place.bytes.count > Self.markLength + 1, place.bytes[Self.markLength] == UInt8(ascii: "-"),
            let text = String(validating: mark, as: UTF8.self)
        else { return nil }
        self.mark = text
        name = FileName(place.bytes[(Self.markLength + 1)...])
    }
}

extension SpoolFolder {
    /// How long a file whose name begins with a dot may lie in `new/` until nobody can be thought to be writing it.
    static let unfinished = 3600

    /// How long a file that was taken may go on changing until it counts as one that will never be whole.
    static let patience = 60

    /// The files that wait in `new/`, of each user the oldest.
    ///
    /// - Parameters:
    ///   - limit: how many of each user at most; the memory that this takes does not grow with the rest.
    ///   - now: the time, in seconds since 1970.
    public func waiting(atMost limit: Int, now: Int = wallClock()) -> [Int: [WaitingFile]] {
        var found: [Int: [WaitingFile]] = [:]
        FolderNames.forEach(new) { name in
            var status = stat()
            guard fstatat(new, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
            if name.isHidden, now - status.st_ctim.tv_sec < Self.unfinished { return }
            let file = WaitingFile(
                name: name, uid: Int(status.st_uid),
                modified: status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec)
            found[file.uid, default: []].append(file)
            if found[file.uid, default: []].count > 2 * limit + 64 {
                Self.cut(&found[file.uid, default: []], limit)
            }
        }
        for uid in found.keys { Self.cut(&found[uid, default: []], limit) }
        return found
    }

    private static func cut(_ files: inout [WaitingFile], _ limit: Int) {
        files.sort { ($0.modified, $0.name.bytes.count) < ($1.modified, $1.name.bytes.count) }
        if files.count > limit { files.removeLast(files.count - limit) }
    }

    /// What an earlier pass or an earlier run has taken and not finished, but for what is stranded.
    public func taken() -> [TakenFile] {
        let stranded = stranded.withLock { $0 }
        return FolderNames.all(taking).filter { !stranded.contains($0) }
            .compactMap(TakenFile.init(place:)).sorted { $0.mark < $1.mark }
    }

    /// What became of taking a file.
    public enum Taking: Sendable, Hashable {
        /// It is in `taking/` now.
        case taken(TakenFile)
        /// Its owner, or another, was faster.
        case gone
        /// It cannot be moved: a folder of another user's, which only that user can move.
        case stuck
    }

    /// Moves a file out of everybody else's reach, so that a replacement under its name is another file.
    ///
    /// - Throws: `storageFailure` where the disk refuses.
    public func take(_ name: FileName) throws(SgloradError) -> Taking {
        try take(name, from: new)
    }

    func take(_ name: FileName, from folder: Int32) throws(SgloradError) -> Taking {
        let file = TakenFile(mark: TakenFile.mark(), name: name)
        if renameat(folder, name.path, taking, file.place.path) == 0 { return .taken(file) }
        switch errno {
        case ENOENT: return .gone
        case EACCES, EPERM: return .stuck
        default: throw .system(path + "/new", "a file cannot be taken in")
        }
    }

    /// Removes a file that was taken in: what it said is in the queue.
    public func remove(_ file: TakenFile) {
        unlinkat(taking, file.place.path, 0)
    }
}

/// The wall clock in whole seconds since 1970: what the file system's times are compared with.
public func wallClock() -> Int {
    time(nil)
}

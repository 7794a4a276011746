internal import ErrorModel
internal import Files
internal import Glibc
internal import Synchronization

/// A file in `new/`.
struct WaitingFile: Sendable, Hashable {
    let name: FileName
    let owner: UserID
    /// The time of the last modification, in nanoseconds since 1970.
    let modified: Int
}

/// A file in `taking/`, where only the daemon can reach it, under a unique name.
struct TakenFile: Sendable, Hashable {
    /// Sixteen hexadecimal digits that make the name unique: eight for the second in which it was taken, eight random.
    let mark: String
    /// The name in `new/`.
    let name: FileName

    /// The name in `taking/`.
    var place: FileName { FileName(Array(mark.utf8) + [UInt8(ascii: "-")] + name.bytes) }

    private static let markLength = 16

    /// When it was taken, in seconds since 1970; 0 if the mark is malformed.
    var takenAt: Int { Int(mark.prefix(8), radix: 16) ?? 0 }

    static func mark(now: Int = wallClock()) -> String {
        let digits = String(UInt32(truncatingIfNeeded: now), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits + Path.uniqueName().suffix(8)
    }

    init(mark: String, name: FileName) {
        self.mark = mark
        // An invalid name that is too long is still too long after this truncation.
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
    /// The age in seconds up to which a hidden file in `new/` counts as being written.
    static let unfinished = 3600

    /// For how many seconds a file may keep changing after it was taken.
    static let patience = 60

    /// The files in `new/` by owner, the oldest first.
    ///
    /// - Parameters:
    ///   - limit: how many of each user at most. Memory use depends on this, not on the number of files.
    ///   - now: the time, in seconds since 1970.
    func waiting(atMost limit: Int, now: Int = wallClock()) -> [UserID: [WaitingFile]] {
        var found: [UserID: [WaitingFile]] = [:]
        FolderNames.forEach(new) { name in
            var status = stat()
            guard fstatat(new, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
            if name.isHidden, now - status.st_ctim.tv_sec < Self.unfinished { return }
            let file = WaitingFile(
                name: name, owner: UserID(status.st_uid),
                modified: status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec)
            found[file.owner, default: []].append(file)
            if found[file.owner, default: []].count > 2 * limit + 64 {
                Self.cut(&found[file.owner, default: []], limit)
            }
        }
        for owner in found.keys { Self.cut(&found[owner, default: []], limit) }
        return found
    }

    private static func cut(_ files: inout [WaitingFile], _ limit: Int) {
        files.sort { ($0.modified, $0.name.bytes.count) < ($1.modified, $1.name.bytes.count) }
        if files.count > limit { files.removeLast(files.count - limit) }
    }

    /// The files that an earlier pass or run left in `taking/`, without the stranded ones.
    func taken() -> [TakenFile] {
        let stranded = stranded.withLock { $0 }
        return FolderNames.all(taking).filter { !stranded.contains($0) }
            .compactMap(TakenFile.init(place:)).sorted { $0.mark < $1.mark }
    }

    /// The outcome of taking a file.
    enum Taking: Sendable, Hashable {
        /// It is in `taking/` now.
        case taken(TakenFile)
        /// It is not there any more.
        case gone
        /// It cannot be moved: it is a folder of another user, who alone can move it.
        case stuck
    }

    /// Moves a file from `new/` into `taking/`.
    ///
    /// A file that is dropped under the same name later is another file.
    ///
    /// - Throws: `storageFailure`.
    func take(_ name: FileName) throws(SgloradError) -> Taking {
        try take(name, from: new)
    }

    func take(_ name: FileName, from folder: Int32) throws(SgloradError) -> Taking {
        let file = TakenFile(mark: TakenFile.mark(), name: name)
        if renameat(folder, name.path, taking, file.place.path) == 0 { return .taken(file) }
        switch errno {
        case ENOENT: return .gone
        case EACCES, EPERM: return .stuck
        default: throw .system(path + "/new", "a file cannot be moved into taking/")
        }
    }

    /// Removes a file whose intent is in the queue.
    func remove(_ file: TakenFile) {
        unlinkat(taking, file.place.path, 0)
    }
}

/// The wall clock in whole seconds since 1970, for comparison with the file system's times.
func wallClock() -> Int {
    time(nil)
}

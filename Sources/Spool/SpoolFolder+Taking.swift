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
    /// The file's length.
    let bytes: Int
}

/// A file in `taking/`, as a pass finds it.
struct LeftFile: Sendable, Hashable {
    let file: TakenFile
    let owner: UserID
    /// The file's length.
    let bytes: Int
    /// Whether it was read before, may not be complete, and has not changed since; it need not be read again yet.
    let isSettling: Bool
}

/// What changes whenever a file or its name changes.
struct FileStamp: Sendable, Hashable {
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init(_ status: stat) {
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_ctim.tv_sec
        nanoseconds = status.st_ctim.tv_nsec
    }
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

    /// The files in `new/` by account, the oldest first.
    ///
    /// - Parameters:
    ///   - limit: how many of each account at most. Memory use depends on this, not on the number of files.
    ///   - account: the account that a user's files count under.
    ///   - now: the time, in seconds since 1970.
    func waiting(
        atMost limit: Int, account: (UserID) -> UserID = { $0 }, now: Int = wallClock()
    ) -> [UserID: [WaitingFile]] {
        var found: [UserID: [WaitingFile]] = [:]
        FolderNames.forEach(new) { name in
            var status = stat()
            guard fstatat(new, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
            // One from the future is left by a clock that was set back.
            if name.isHidden, (-60..<Self.unfinished).contains(now - status.st_ctim.tv_sec) { return }
            let file = WaitingFile(
                name: name, owner: UserID(status.st_uid),
                modified: status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec,
                bytes: Int(status.st_size))
            let key = account(file.owner)
            found[key, default: []].append(file)
            if found[key, default: []].count > 2 * limit + 64 { Self.cut(&found[key, default: []], limit) }
        }
        for key in found.keys { Self.cut(&found[key, default: []], limit) }
        return found
    }

    private static func cut(_ files: inout [WaitingFile], _ limit: Int) {
        files.sort { ($0.modified, $0.name.bytes.count) < ($1.modified, $1.name.bytes.count) }
        if files.count > limit { files.removeLast(files.count - limit) }
    }

    /// The files that an earlier pass or run left in `taking/`, without the stranded ones.
    func taken() -> [TakenFile] { left().map(\.file).sorted { $0.mark < $1.mark } }

    /// The files in `taking/`, without the stranded ones, in the order in which they were taken.
    ///
    /// - Parameters:
    ///   - settling: the settle time in seconds.
    ///   - now: the time, in seconds since 1970.
    func left(settling: Int = 0, now: Int = wallClock()) -> [LeftFile] {
        let stranded = stranded.withLock { $0 }
        let unsettled = unsettled.withLock { $0 }
        var (found, again): ([LeftFile], [FileName: FileStamp]) = ([], [:])
        FolderNames.forEach(taking) { name in
            var status = stat()
            guard !stranded.contains(name), let file = TakenFile(place: name),
                fstatat(taking, name.path, &status, AT_SYMLINK_NOFOLLOW) == 0
            else { return }
            let stamp = FileStamp(status)
            let quiet = now - status.st_ctim.tv_sec
            let isSettling =
                unsettled[name] == stamp && (0..<settling).contains(quiet)
                && now - file.takenAt < patience
            if isSettling { again[name] = stamp }
            found.append(
                LeftFile(
                    file: file, owner: UserID(status.st_uid), bytes: Int(status.st_size),
                    isSettling: isSettling))
        }
        self.unsettled.withLock { $0 = again }
        return found.sorted { $0.file.mark < $1.file.mark }
    }

    /// Remembers that a file in `taking/` may not be complete yet, so that it is read again only when it has changed or
    /// its settle time is over.
    func markUnsettled(_ file: TakenFile) {
        var status = stat()
        guard fstatat(taking, file.place.path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        let stamp = FileStamp(status)
        unsettled.withLock { $0[file.place] = stamp }
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
///
/// `time` reads the clock of the kernel's last tick. Since Linux 6.13 a file's time may be later than that by some
/// milliseconds, and a file would seem to be from the future whenever a second begins.
func wallClock() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return now.tv_sec
}

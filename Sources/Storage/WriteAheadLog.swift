public import ErrorModel
internal import Files
internal import Glibc

/// The write-ahead log of a database that is not open yet: whether it is whole.
///
/// SQLite reads a log up to the first frame that is not as it was written, and ignores the rest without a word. After a power
/// cut that is right, because the rest was never committed. Where a frame in the middle was damaged, it loses transactions
/// that were committed, and with them requests that were acknowledged.
///
/// The format is that of <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.
public struct WriteAheadLog: Sendable {
    /// What an examination found.
    public struct Damage: Sendable, Hashable {
        /// How many frames, each with one page, are read before the damage.
        public var readableFrames: Int
        /// How many frames are ignored from the damage on.
        public var ignoredFrames: Int
        /// How many transactions are certain to be among them.
        public var ignoredCommits: Int
        /// Whether the log's header is damaged, so that the whole log is ignored.
        public var isHeader: Bool
    }

    private static let headerBytes = 32
    private static let frameBytes = 24

    /// Examines the log of a database; blocks.
    ///
    /// The last transaction of a log may be torn by a power cut while it was written, before it was acknowledged. That is
    /// reported too where it is complete except for its content, since the two cannot be told apart.
    ///
    /// - Parameter database: the database's path.
    /// - Returns: nil where there is no log, or nothing that was written completely is ignored.
    /// - Throws: `storageFailure` where it cannot be read.
    public static func damage(of database: String) throws(SgloradError) -> Damage? {
        let path = database + "-wal"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(path, "the log cannot be opened", remedy: "Check the file's owner and mode.")
        }
        defer { close(descriptor) }
        var log = WriteAheadLog(descriptor: descriptor, path: path)
        return try log.examine()
    }

    /// Makes what a database has written to its log durable; blocks.
    ///
    /// SQLite synchronises the log itself before it moves pages from there to the database.
    ///
    /// - Parameter database: the database's path.
    /// - Throws: `storageFailure`.
    static func synchronise(of database: String) throws(SgloradError) {
        let path = database + "-wal"
        // Closing it releases none of SQLite's locks, which are on the database and the log's index.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw .system(path, "the log cannot be opened", remedy: "Check the file's owner and mode.")
        }
        defer { close(descriptor) }
        guard fdatasync(descriptor) == 0 else { throw .system(path, "the log could not be synchronised") }
    }

    private let descriptor: Int32
    private let path: String
    private var sums: (UInt32, UInt32) = (0, 0)

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    private mutating func examine() throws(SgloradError) -> Damage? {
        guard let header = try read(Self.headerBytes, at: 0) else { return nil }
        let magic = Self.number(header, 0)
        let isBig = magic & 1 == 1
        add(header[..<24], isBig: isBig)
        let isSound =
            magic & ~1 == 0x377F_0682 && Self.number(header, 4) == 3_007_000
            && sums == (Self.number(header, 24), Self.number(header, 28))
        // Only the header tells the size of a page; a damaged one is taken for the usual size.
        let pageBytes = isSound ? Int(Self.number(header, 8)) : 4096
        let salts = (Self.number(header, 16), Self.number(header, 20))
        var damage = Damage(readableFrames: 0, ignoredFrames: 0, ignoredCommits: 0, isHeader: !isSound)
        var isReadable = isSound
        // Of a log whose header is damaged, the first frame tells the salts.
        var expected: (UInt32, UInt32)? = isSound ? salts : nil
        var offset = Self.headerBytes
        while let frame = try read(Self.frameBytes + pageBytes, at: offset) {
            offset += Self.frameBytes + pageBytes
            let found = (Self.number(frame, 8), Self.number(frame, 12))
            let wanted = expected ?? found
            expected = wanted
            let isCommit = Self.number(frame, 4) != 0
            if isReadable, found == wanted {
                let before = sums
                add(frame[..<8], isBig: isBig)
                add(frame[Self.frameBytes...], isBig: isBig)
                if sums == (Self.number(frame, 16), Self.number(frame, 20)) {
                    damage.readableFrames += 1
                    continue
                }
                sums = before
            }
            isReadable = false
            // A frame that has neither salt is left from before the log began anew.
            guard found.0 == wanted.0 || found.1 == wanted.1 else { continue }
            damage.ignoredFrames += 1
            if isCommit { damage.ignoredCommits += 1 }
        }
        return damage.ignoredCommits > 0 ? damage : nil
    }

    /// The checksum of the log: over pairs of 32-bit numbers.
    private mutating func add(_ bytes: ArraySlice<UInt8>, isBig: Bool) {
        var (one, two) = sums
        bytes.withUnsafeBytes { bytes in
            for place in stride(from: 0, to: bytes.count - 7, by: 8) {
                let first = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
                let second = bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                one = one &+ (isBig ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ two
                two = two &+ (isBig ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ one
            }
        }
        sums = (one, two)
    }

    private static func number(_ bytes: [UInt8], _ place: Int) -> UInt32 {
        bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads so many bytes; nil where the file ends before.
    private func read(_ count: Int, at offset: Int) throws(SgloradError) -> [UInt8]? {
        guard count > 0, count <= 1 << 20 else { return nil }
        guard let bytes = FileBytes.read(count, at: offset, from: descriptor) else {
            throw .system(path, "the log cannot be read", remedy: "Check the disk.")
        }
        return bytes.count == count ? bytes : nil
    }
}

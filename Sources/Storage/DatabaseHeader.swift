internal import ErrorModel
internal import Files
internal import Glibc

/// The first 100 bytes of a database file, most of which have one right value.
///
/// SQLite opens a file with a wrong byte there not at all, or as the database of somebody else. Source of the format:
/// sqlite.org/fileformat2.html, section 1.3.
struct DatabaseHeader {
    /// How many bytes may differ for the header to be restored; a file that differs in more is something else.
    private static let mostDifferences = 2
    private static let length = 100
    /// Every database of the daemon has SQLite's default page size.
    private static let pageSize = 4096

    private let bytes: [UInt8]

    /// Restores the bytes of a header that have changed; blocks.
    ///
    /// - Parameters:
    ///   - path: the database's file, which nobody has open.
    ///   - applicationID: the database's owner.
    /// - Returns: whether bytes were restored.
    /// - Throws: `storageFailure`.
    static func restore(_ path: String, applicationID: Int32) throws(SgloradError) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw .system(path, "the database cannot be opened", remedy: "Check its owner and mode.")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path, "its size cannot be read") }
        var bytes = [UInt8](repeating: 0, count: length)
        guard status.st_size >= pageSize, pread(descriptor, &bytes, length, 0) == length else { return false }
        let header = DatabaseHeader(bytes: bytes)
        // The size in the header counts only where no log holds a newer one.
        var log = stat()
        let hasLog = stat(path + "-wal", &log) == 0 && log.st_size > 0
        let pages = hasLog || Int(status.st_size) % pageSize != 0 ? nil : Int(status.st_size) / pageSize
        let sound = header.restored(applicationID: applicationID, pages: pages)
        let differences = zip(sound, header.bytes).count { $0 != $1 }
        guard (1...mostDifferences).contains(differences) else { return false }
        guard pwrite(descriptor, sound, length, 0) == length, fsync(descriptor) == 0 else {
            throw .system(path, "the database's header cannot be restored")
        }
        return true
    }

    /// The header as it should be.
    ///
    /// - Parameters:
    ///   - applicationID: the database's owner.
    ///   - pages: how many pages the file has; nil where its header need not agree.
    private func restored(applicationID: Int32, pages: Int?) -> [UInt8] {
        var sound = bytes
        func set(_ value: UInt32, at offset: Int) {
            for index in 0..<4 {
                sound[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index))
            }
        }
        sound.replaceSubrange(0..<16, with: Array("SQLite format 3\0".utf8))
        (sound[16], sound[17]) = (UInt8(Self.pageSize >> 8), 0)
        // 1 for a rollback journal, 2 for a write-ahead log; the log is lost where the reader takes it for the former.
        if bytes[18] != 1 || bytes[19] != 1 { (sound[18], sound[19]) = (2, 2) }
        sound.replaceSubrange(20..<24, with: [0, 64, 32, 32])
        if number(at: 44) > 4 { set(4, at: 44) }
        if number(at: 56) > 1 { set(1, at: 56) }
        // Neither kind of automatic vacuum.
        set(0, at: 52)
        set(0, at: 64)
        if number(at: 68) != 0 { set(UInt32(bitPattern: applicationID), at: 68) }
        // The number of pages counts where the header's two counters of changes agree.
        if let pages, number(at: 24) == number(at: 92) { set(UInt32(truncatingIfNeeded: pages), at: 28) }
        return sound
    }

    private func number(at offset: Int) -> UInt32 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

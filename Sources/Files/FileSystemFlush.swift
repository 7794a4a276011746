internal import CLinux
public import ErrorModel
internal import Glibc

/// Makes many files durable with one call where that costs other programs nothing to speak of: `syncfs(2)`.
///
/// The call writes out whatever anybody has written to the file system. Where others have just written much, it would make
/// them and this process wait for all of it, and their next flushes too; the files are then synchronised one by one.
///
/// The descriptor is kept open: the kernel reports to it every error in writing out that has occurred since it was opened.
public final class FileSystemFlush: Sendable {
    /// The most bytes that may wait to be written out, in the whole system, for one call to be cheap: about what a slow flash
    /// card writes in a few seconds, and what the kernel itself writes out at once when it does so.
    static let cheap = 64 << 20

    private let descriptor: Int32
    private let folder: String

    /// - Parameter folder: a folder on the file system.
    /// - Throws: `storageFailure` where it cannot be opened.
    public init(of folder: String) throws(SgloradError) {
        self.folder = folder
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(folder, "the folder cannot be opened") }
    }

    deinit { close(descriptor) }

    /// Whether one call is cheap at present, apart from this process's own bytes.
    ///
    /// Blocks for a moment.
    ///
    /// - Parameter own: how many bytes this process has written and wants on the disk.
    public func isCheap(own: Int) -> Bool {
        guard let waiting = Self.waitingBytes else { return false }
        return waiting <= Self.cheap + own
    }

    /// The bytes that the kernel holds and has not written out yet, on all disks; nil where it does not say.
    private static var waitingBytes: Int? {
        let descriptor = open("/proc/meminfo", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let bytes = try? FileBytes.read(8192, from: descriptor, path: "/proc/meminfo") else {
            return nil
        }
        var sum: Int?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, words[0] == "Dirty:" || words[0] == "Writeback:", let kib = Int(words[1])
            else { continue }
            sum = (sum ?? 0) + kib << 10
        }
        return sum
    }

    /// Writes out everything that was written to the file system; blocks.
    ///
    /// - Throws: `storageFailure`, also where something could not be written out since the last call.
    public func synchronise() throws(SgloradError) {
        guard sglorad_sync_file_system(descriptor) == 0 else {
            throw .system(folder, "the file system could not be synchronised")
        }
    }

    /// Whether a file or folder is on the same file system.
    public func covers(_ path: String) -> Bool {
        var (own, other) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && lstat(path, &other) == 0 && own.st_dev == other.st_dev
    }
}

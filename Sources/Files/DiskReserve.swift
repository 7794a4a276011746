public import ErrorModel
internal import Glibc

/// A file whose only purpose is the room that it takes: where the disk is full, it is removed, so that what frees space can be
/// written.
///
/// Deleting a row needs room in the database's log. Without a reserve, a full disk would keep the daemon from removing the
/// very adapters that fill it. The reserve is made again as soon as there is room.
public struct DiskReserve: Sendable {
    /// The file's usual size; on a small file system it is a sixteenth of that.
    static let usualBytes = 4 << 20

    private let path: String

    /// The reserve of the state directory that holds a database.
    ///
    /// - Parameter path: the database's file.
    public init(besideDatabase path: String) {
        self.path = Path.parent(of: path) + "/reserve"
    }

    /// The reserve of a state directory.
    public init(_ state: StateDirectory) {
        path = state.closed + "/reserve"
    }

    /// Runs `body`, and where it fails for want of room, once more with the reserve's.
    ///
    /// - Parameter body: what frees space; it changes nothing where it fails.
    /// - Throws: what `body` throws at last.
    public func use<T>(_ body: () async throws(SgloradError) -> T) async throws(SgloradError) -> T {
        do {
            return try await body()
        } catch {
            guard error.code == .storageFailure, isDiskFull, release() else { throw error }
            let result = try await body()
            reclaim()
            return result
        }
    }

    /// As the asynchronous form, for calls that block.
    public func use<T>(_ body: () throws(SgloradError) -> T) throws(SgloradError) -> T {
        do {
            return try body()
        } catch {
            guard error.code == .storageFailure, isDiskFull, release() else { throw error }
            let result = try body()
            reclaim()
            return result
        }
    }

    /// Takes back at once what is left of the reserve's room, before others fill it.
    private func reclaim() {
        guard let disk = Disk(path: path) else { return }
        make(min(disk.reserveBytes, disk.available))
    }

    /// Makes the reserve, or makes it again, if there is room for it and as much again; blocks.
    public func ensure() {
        guard let disk = Disk(path: path) else { return }
        let wanted = disk.reserveBytes
        var status = stat()
        if lstat(path, &status) == 0, Int(status.st_blocks) * 512 >= wanted { return }
        guard disk.available >= 2 * wanted else { return }
        make(wanted)
    }

    private func make(_ bytes: Int) {
        guard bytes > 0 else { return }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if posix_fallocate(descriptor, 0, off_t(bytes)) != 0 { unlink(path) }
    }

    /// Gives the reserve's room back if the disk is full, so that a start finds room for the databases' logs; blocks.
    ///
    /// - Returns: whether it did; then ``restore(_:)`` takes back what is left.
    public func releaseIfFull() -> Bool { isDiskFull && release() }

    /// Makes the reserve again after a start; blocks.
    ///
    /// - Parameter wasReleased: whether the start had its room: then what is left is taken back at once, before others fill it.
    public func restore(_ wasReleased: Bool) {
        if wasReleased { reclaim() } else { ensure() }
    }

    /// Whether the disk has less room than a small transaction needs.
    private var isDiskFull: Bool { Disk(path: path).map { $0.available < $0.reserveBytes } ?? false }

    @discardableResult
    private func release() -> Bool { unlink(path) == 0 }

    /// The file system that holds the reserve.
    private struct Disk {
        let available: Int
        let reserveBytes: Int

        init?(path: String) {
            var status = statvfs()
            guard statvfs(Path.parent(of: path), &status) == 0 else { return nil }
            available = Int(status.f_bavail) * Int(status.f_frsize)
            let total = Int(status.f_blocks) * Int(status.f_frsize)
            reserveBytes = min(DiskReserve.usualBytes, total / 16)
        }
    }
}

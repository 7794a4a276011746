internal import Dispatch
internal import ErrorModel
internal import Files
internal import Glibc
internal import Synchronization

/// An inotify watch on `new/`.
///
/// Arm it before the first scan of the folder, so that no file is missed.
final class SpoolWatch: Sendable {
    private let descriptor: Int32
    private let source = Mutex<(any DispatchSourceRead)?>(nil)

    /// The events of one read.
    struct Sight: Sendable, Hashable {
        /// How many files arrived.
        var files = 0
        /// Whether the kernel's event queue overflowed; the folder must be scanned then.
        var overflowed = false
    }

    /// Arms the watch.
    ///
    /// - Throws: `storageFailure` if the limit of watches is reached.
    init(_ folder: SpoolFolder) throws(SgloradError) {
        let path = folder.path + "/new"
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { throw Self.failure(path) }
        guard inotify_add_watch(descriptor, path, UInt32(IN_MOVED_TO | IN_CLOSE_WRITE)) >= 0 else {
            // All properties are initialised, so `deinit` closes the descriptor.
            throw Self.failure(path)
        }
    }

    deinit { close(descriptor) }

    /// Reads all pending events without waiting.
    func look() -> Sight {
        var sight = Sight()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return sight }
            var offset = 0
            while offset + Self.header <= count {
                let (mask, length) = buffer.withUnsafeBytes { bytes in
                    (
                        bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
                        bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
                    )
                }
                if mask & UInt32(IN_Q_OVERFLOW) != 0 { sight.overflowed = true } else { sight.files += 1 }
                offset += Self.header + Int(length)
            }
        }
    }

    /// The events as they happen.
    ///
    /// Only the newest is kept while nobody reads.
    func sights() -> AsyncStream<Sight> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Sight.self, bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { [self] _ in end() }
        source.withLock { source in
            let made = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
            // The handler keeps the watch, and so the descriptor, alive until the source is cancelled.
            made.setEventHandler { [self] in continuation.yield(look()) }
            made.activate()
            source = made
        }
        return stream
    }

    private func end() {
        source.withLock { source in
            source?.cancel()
            source = nil
        }
    }

    /// The bytes of `struct inotify_event` before the name.
    private static let header = 16

    /// The failure that `errno` means; inotify(7) reports its own limits as a full disk or too many files.
    private static func failure(_ path: String) -> SgloradError {
        let number = errno
        let limit: String? =
            switch number {
            case ENOSPC: "fs.inotify.max_user_watches"
            case EMFILE: "fs.inotify.max_user_instances"
            default: nil
            }
        let reason =
            limit == nil
            ? SgloradError.systemReason(number) : "the daemon's user has no inotify watch left"
        return .storageFailure(
            path,
            "new files are found only once a minute, because the folder cannot be watched: \(reason)."
                + (limit.map { " Raise \($0) with sysctl(8)." } ?? ""))
    }
}

internal import Dispatch
internal import DurableStorage
public import ErrorModel
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Watches `new/` by inotify; made before the folder is looked through, so that nothing falls between.
public final class SpoolWatch: Sendable {
    private let descriptor: Int32
    private let source = Mutex<(any DispatchSourceRead)?>(nil)

    /// What was seen at once.
    public struct Sight: Sendable, Hashable {
        /// How many files came.
        public var files = 0
        /// Whether the kernel lost count: the folder must be looked through.
        public var overflowed = false
    }

    /// Arms the watch.
    ///
    /// - Throws: `storageFailure` where the system has no watch left.
    public init(_ folder: SpoolFolder) throws(SgloradError) {
        let path = folder.path + "/new"
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else {
            throw .system(path, "the folder cannot be watched", remedy: Self.remedy)
        }
        guard inotify_add_watch(descriptor, path, UInt32(IN_MOVED_TO | IN_CLOSE_WRITE)) >= 0 else {
            // What is wholly made is taken down by `deinit`, also where `init` throws.
            throw .system(path, "the folder cannot be watched", remedy: Self.remedy)
        }
    }

    deinit { close(descriptor) }

    /// Takes all that the kernel has to say at the moment; does not wait.
    public func look() -> Sight {
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

    /// Something came, again and again; what comes while nobody waits is one sight.
    public func sights() -> AsyncStream<Sight> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Sight.self, bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { [self] _ in end() }
        source.withLock { source in
            let made = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
            // Holds the watch, and with it the descriptor, as long as it reads.
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
    private static let remedy = "Raise fs.inotify.max_user_instances and max_user_watches."
}

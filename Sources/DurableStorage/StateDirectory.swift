public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Where the daemon keeps what it keeps: two databases and, beside them, files that they speak of.
///
/// - `cache.db`, `queue.db`: the databases.
/// - `idempotency.key`: what hashes idempotency keys; outside the databases, so that these alone tell nothing.
/// - `blobs/ab/abcd…`: experts' parameters and generators, named by their SHA-256, each with `abcd….json`, its manifest.
/// - `adapters/<uid>/<adapter>/`: published PEFT folders, each with `<adapter>.json`, its manifest.
/// - `uploads/`: files that clients sent and that nothing has used yet.
/// - `temporary/`: what is being written; emptied on start.
/// - `damaged/`: what was found damaged, each thing in a folder of its own with the reason; made when first needed.
public struct StateDirectory: Sendable {
    /// The absolute path of the folder.
    public let root: String
    /// The group that may read every user's published adapters, such as a model server's; nil for none.
    public let readers: UInt32?

    /// Opens a state directory and makes what is missing, readable by the daemon's user alone.
    ///
    /// - Parameters:
    ///   - root: the absolute path.
    ///   - readers: the group that may read the adapters that are published from now on.
    /// - Throws: `storageFailure` that says which folder could not be made and why.
    public init(root: String, readers: UInt32? = nil) throws(SgloradError) {
        self.root = root
        self.readers = readers
        for path in [root, blobs, adapters, uploads, temporary] {
            try Self.makeFolder(path)
        }
    }

    /// The library and the results.
    public var cacheDatabase: String { root + "/cache.db" }
    /// What has been promised.
    public var queueDatabase: String { root + "/queue.db" }
    /// What hashes idempotency keys.
    public var idempotencyKey: String { root + "/idempotency.key" }
    /// Content-addressed files.
    public var blobs: String { root + "/blobs" }
    /// Published adapters, by uid.
    public var adapters: String { root + "/adapters" }
    /// Complete uploads.
    public var uploads: String { root + "/uploads" }
    /// What was found damaged.
    public var damaged: String { root + "/damaged" }
    /// Files that are being written.
    public var temporary: String { root + "/temporary" }

    /// Makes a folder and what is missing above it, mode 0700.
    public static func makeFolder(_ path: String) throws(SgloradError) {
        if mkdir(path, 0o700) == 0 { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeFolder(String(path[..<slash]))
            if mkdir(path, 0o700) == 0 { return }
        }
        var status = stat()
        if errno == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        throw .system(path, "the folder cannot be made", remedy: "Check the path, its owner and the disk.")
    }

    /// Removes what an earlier run left half written.
    public func sweepTemporary() {
        for name in DurableFile.entries(of: temporary) {
            DurableFile.removeTree(temporary + "/" + name)
        }
    }
}

extension SgloradError {
    /// A failed system call, with the meaning of `errno`.
    public static func system(_ path: String, _ what: String, remedy: String = "") -> SgloradError {
        let number = errno
        let reason = String(cString: strerror(number))
        let help = number == ENOSPC || number == EDQUOT ? "Free space on that disk and try again." : remedy
        return .storageFailure(path, "\(what): \(reason)." + (help.isEmpty ? "" : " \(help)"))
    }
}

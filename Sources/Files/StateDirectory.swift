public import ErrorModel
internal import Glibc

/// The daemon's state directory: two databases and the files that their rows reference.
///
/// - `cache.db`, `queue.db`: the databases.
/// - `time`: the service's own time, in which ages are counted; see ``ServiceTime``.
/// - `idempotency.key`: the key that hashes idempotency keys; kept outside the databases, so that they reveal nothing alone.
/// - `blobs/ab/abcd…`: experts' parameters and generators, named by their SHA-256, each with its manifest `abcd….json`.
/// - `adapters/<uid>/<adapter>/`: published PEFT folders, each with its manifest `<adapter>.json`.
/// - `uploads/`: uploaded files that nothing has used yet.
/// - `temporary/`: work in progress; emptied on start.
/// - `damaged/`: quarantine, one folder for each damaged file or database, with the reason; created when first needed.
public struct StateDirectory: Sendable {
    /// The absolute path of the folder.
    public let root: String
    /// The group, such as a model server's, that may read every user's published adapters; nil for none.
    public let readers: UInt32?

    /// Opens a state directory and creates what is missing, mode 0700.
    ///
    /// - Parameters:
    ///   - root: the absolute path.
    ///   - readers: the group that may read the adapters published from now on.
    /// - Throws: `storageFailure` that names the folder which could not be created and says why.
    public init(root: String, readers: UInt32? = nil) throws(SgloradError) {
        self.root = root
        self.readers = readers
        for path in [root, blobs, adapters, uploads, temporary] { try Folder.make(path) }
    }

    /// The database of experts, generators and published adapters.
    public var cacheDatabase: String { root + "/cache.db" }
    /// The database of requests.
    public var queueDatabase: String { root + "/queue.db" }
    /// The service's own time.
    public var serviceTime: String { root + "/time" }
    /// The key that hashes idempotency keys.
    public var idempotencyKey: String { root + "/idempotency.key" }
    /// Content-addressed files.
    public var blobs: String { root + "/blobs" }
    /// Published adapters, by uid.
    public var adapters: String { root + "/adapters" }
    /// Complete uploads.
    public var uploads: String { root + "/uploads" }
    /// The quarantine.
    public var damaged: String { root + "/damaged" }
    /// Work in progress.
    public var temporary: String { root + "/temporary" }

    /// Removes what an earlier run left in `temporary/`; blocks.
    public func sweepTemporary() {
        for name in Folder.entries(of: temporary) { Folder.remove(temporary + "/" + name) }
    }
}

/// Reserves a state directory for one daemon; the kernel releases the lock when the process ends, however it ends.
public struct StateLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Throws: `alreadyExists` where another daemon holds it; `storageFailure` where the lock file cannot be opened.
    public init(_ state: StateDirectory) throws(SgloradError) {
        let path = state.root + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .system(path, "the lock file cannot be opened", remedy: "Check the folder's owner.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw SgloradError(
                .alreadyExists,
                "Another sglorad uses the state directory \(state.root). Stop it, or choose another directory with "
                    + "--state-dir.",
                parameters: ["kind": .string("daemon"), "name": .string(state.root)])
        }
    }

    /// Releases the lock.
    public func release() {
        close(descriptor)
    }
}

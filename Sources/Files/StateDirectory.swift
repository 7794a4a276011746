public import ErrorModel
internal import Glibc

/// The daemon's state directory: what is shared with users, and what is nobody's but the daemon's.
///
/// - `adapters/<name>/<adapter>/`: published PEFT folders, each with its manifest `<adapter>.json`. Owners may pass through
///   `adapters/`, and each user's folder has a name that cannot be guessed; see ``owner(_:)``.
/// - `published/`: what model servers read, where the configuration names no other place; the readers may list it.
/// - `lock/`: locked while a daemon uses the directory; see ``StateLock``.
/// - `private/`: closed to everybody else.
///   - `cache.db`, `queue.db`: the databases.
///   - `clean-stop`: the record of an orderly stop; the next start takes it away, and examines everything at first where it is
///     missing.
///   - `version`: the form of the directory and its databases, and the version of the program that gave it to them.
///   - `time`: the service's own time, in which ages are counted; see ``ServiceTime``.
///   - `idempotency.key`: the key that hashes idempotency keys; kept outside the databases, so that they reveal nothing alone.
///   - `owners/<uid>`: a symbolic link to the user's folder in `adapters/`.
///   - `blobs/ab/abcd…`: experts' parameters and generators, named by their SHA-256, each with its manifest `abcd….json`.
///   - `embeddings/`: of each base a matrix of its experts' embeddings, which is mapped; made from the rows where it is missing.
///   - `adapters.journal-1`, `adapters.journal-2`: adapters that were published a moment ago, until their files are
///     synchronised.
///   - `uploads/`: uploaded files that nothing has used yet.
///   - `temporary/`: work in progress; emptied on start.
///   - `engine/`: of trainings and evaluations with the engine that were broken off, the answers so far; created when first
///     needed.
///   - `forgotten/`: lists of erased requests, which a restored backup must not bring back.
///   - `reserve`: room for the erasure of texts on a full disk; see ``DiskReserve``.
///   - `damaged/`: quarantine, one folder for each damaged file or database, with the reason; created when first needed.
public struct StateDirectory: Sendable {
    /// The absolute path of the folder.
    public let root: String
    /// The group, such as a model server's, that may read every user's published adapters; nil for none.
    public let readers: UInt32?
    let owners: OwnerFolders

    /// The form of everything in the directory but the databases, which have numbers of their own.
    ///
    /// Raise it when earlier versions can no longer read what lies there. 1 is that of version 0.1.0, 2 has `private/`.
    public static let layout = 2

    /// Opens a state directory and creates what is missing, mode 0700.
    ///
    /// - Parameters:
    ///   - root: the absolute path.
    ///   - readers: the group that may read the adapters published from now on.
    /// - Throws: `storageFailure` that names the folder which could not be created and says why.
    public init(root: String, readers: UInt32? = nil) throws(SgloradError) {
        self.root = root
        self.readers = readers
        owners = OwnerFolders(adapters: root + "/adapters", links: root + "/private/owners")
        for path in [root, adapters, closed, owners.links, blobs, embeddings, uploads, temporary] {
            try Folder.make(path)
        }
    }

    /// The folder that only the daemon may enter.
    public var closed: String { root + "/private" }
    /// A user's folder of published adapters; it need not exist.
    public func owner(_ uid: UserID) -> String { owners.path(of: uid) }
    /// The database of experts, generators and published adapters.
    public var cacheDatabase: String { closed + "/cache.db" }
    /// The database of requests.
    public var queueDatabase: String { closed + "/queue.db" }
    /// The service's own time.
    public var serviceTime: String { closed + "/time" }
    /// The record of an orderly stop.
    public var cleanStop: String { closed + "/clean-stop" }
    /// The key that hashes idempotency keys.
    public var idempotencyKey: String { closed + "/idempotency.key" }
    /// Content-addressed files.
    public var blobs: String { closed + "/blobs" }
    /// The matrices of the experts' embeddings.
    public var embeddings: String { closed + "/embeddings" }
    /// Published adapters, in one folder for each user.
    public var adapters: String { root + "/adapters" }
    /// The two halves of the journal of adapters that were published a moment ago.
    public var adapterJournals: [String] { ["\(closed)/adapters.journal-1", "\(closed)/adapters.journal-2"] }
    /// What model servers read; it need not exist.
    public var published: String { root + "/published" }
    /// Complete uploads.
    public var uploads: String { closed + "/uploads" }
    /// The lists of erased requests.
    public var forgotten: String { closed + "/forgotten" }
    /// The quarantine.
    public var damaged: String { closed + "/damaged" }
    /// The answers of jobs with the engine that were broken off.
    public var engine: String { closed + "/engine" }
    /// Work in progress.
    public var temporary: String { closed + "/temporary" }

    /// Removes what an earlier run left in `temporary/`; blocks.
    public func sweepTemporary() {
        for name in Folder.entries(of: temporary) { Folder.remove(temporary + "/" + name) }
    }
}

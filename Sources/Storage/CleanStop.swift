public import ErrorModel
public import Files
internal import FoundationEssentials
internal import Glibc

/// A record of an orderly stop, by which the next start knows that nothing has touched the databases and folders since.
///
/// After such a stop the examination of the databases, and of files against rows, can run beside the service. After a crash, a
/// change from outside, a restored backup or an update of the program it comes first. The record is removed before anything is
/// opened, so that it never outlives the run that follows it.
public struct CleanStop: Sendable {
    private let state: StateDirectory
    private var path: String { state.cleanStop }

    /// The record of a state directory.
    public init(_ state: StateDirectory) {
        self.state = state
    }

    /// Removes the record, durably; blocks.
    ///
    /// - Returns: whether it was there, and databases and folders are as it says.
    /// - Throws: `storageFailure` where it cannot be removed.
    public func take() throws(SgloradError) -> Bool {
        guard let recorded = FileManager.default.contents(atPath: path) else { return false }
        let isSame = recorded == Data(content.utf8)
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path, "it cannot be removed") }
        try Folder.synchronise(Path.parent(of: path))
        return isSame
    }

    /// Writes the record, once both databases are closed and nothing else writes; blocks.
    ///
    /// Nothing happens where it cannot be written: the next start then examines everything first.
    public func record() {
        let logs = [state.cacheDatabase, state.queueDatabase].map { $0 + "-wal" }
        guard logs.allSatisfy({ access($0, F_OK) != 0 }) else { return }
        try? DurableFile.write(Array(content.utf8), to: path, temporary: state.temporary)
    }

    /// What the record says: the version, and a digest of what the file system says of the databases and the folders.
    private var content: String {
        var lines = [state.cacheDatabase, state.queueDatabase, state.serviceTime].map { Self.line($0) }
        for top in [state.blobs, state.adapters] {
            lines += ([""] + Folder.entries(of: top)).map { Self.line("\(top)/\($0)", isFolder: true) }
        }
        return "\(SgloradRelease.version) \(FileDigest.sha256(lines.joined(separator: "\n").utf8))\n"
    }

    /// Where a file is, how large it is, and when it or its status changed; of a folder only when its entries changed, because
    /// the start sets its permissions.
    private static func line(_ path: String, isFolder: Bool = false) -> String {
        var status = stat()
        guard lstat(path, &status) == 0 else { return "\(path) none" }
        let times = ([status.st_mtim] + (isFolder ? [] : [status.st_ctim])).map {
            "\($0.tv_sec).\($0.tv_nsec)"
        }
        return "\(path) \(status.st_dev) \(status.st_ino) \(status.st_size) \(times.joined(separator: " "))"
    }
}

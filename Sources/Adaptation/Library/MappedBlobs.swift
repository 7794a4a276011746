internal import AdapterFormats
internal import ErrorModel
internal import Files
internal import Glibc
internal import Synchronization

/// The files that a snapshot has mapped, as they were when it mapped them.
///
/// The daemon never changes a blob. A file that has changed was damaged from outside: by a failing disk, a truncation, a
/// careless copy.
struct MappedBlobs: Sendable {
    /// What the file system says of a file without reading it.
    struct Print: Sendable, Hashable {
        var device: UInt
        var inode: UInt
        var bytes: Int
        var changedAt: [Int]

        /// Blocks; nil where there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = status.st_dev
            inode = status.st_ino
            bytes = Int(status.st_size)
            changedAt = [
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            ]
        }
    }

    let prints: [String: Print?]
    private let losses: UInt64

    /// Looks at files before they are mapped; blocks.
    init(paths: [String]) {
        losses = MappedFiles.losses
        prints = Dictionary(paths.map { ($0, Print($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether every file is as it was and nothing of any mapped file was lost; blocks.
    var areUnchanged: Bool {
        MappedFiles.losses == losses && prints.allSatisfy { Print($0.key) == $0.value }
    }
}

/// The blobs whose content was compared with the digest in their name, so that each is read once in this run.
final class VerifiedBlobs: Sendable {
    private let known = Mutex<[String: MappedBlobs.Print]>([:])

    /// Compares the files that were not compared as they are now; blocks.
    ///
    /// - Throws: `invalidFile` that names a file whose content has changed; `storageFailure` where one cannot be read.
    func verify(_ files: MappedBlobs) throws(SgloradError) {
        for (path, print) in files.prints {
            guard let print, known.withLock({ $0[path] }) != print else { continue }
            guard try FileDigest.sha256(file: path) == Path.name(of: path) else {
                throw .invalidFile(
                    path, "its content has changed; 'sglorad-ctl cache verify --repair' moves it away")
            }
            known.withLock { $0[path] = print }
        }
    }
}

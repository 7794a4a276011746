internal import Files
internal import Foundation
internal import Glibc
internal import SpoolForms

/// Erases a user's files that are not in the queue yet, in `tmp/`, `new/` and `taking/`.
///
/// It runs in steps, between which files are taken in. A file keeps its inode when it is moved, so none is examined twice
/// and none escapes; what is dropped after the first step may stay.
struct WaitingErasure: Sendable {
    /// How many files one step examines at most.
    private static let step = 512

    private let owner: UserID
    private let label: String?
    private var examined: Set<UInt> = []
    /// What was removed so far.
    private(set) var erased = SpoolErased()
    /// Whether every file has been examined.
    private(set) var isComplete = false

    /// Prepares an erasure.
    ///
    /// - Parameters:
    ///   - label: erases only intents with this label, and files that are no intents and hold it; nil erases everything.
    ///   - owner: the user.
    init(label: String?, of owner: UserID) {
        self.label = label
        self.owner = owner
    }

    /// Examines the next files; call it while no files are taken in.
    ///
    /// Blocks on the disk.
    mutating func step(in spool: SpoolFolder) {
        var left = Self.step
        // In the order in which a file passes them.
        for (name, folder) in [("tmp", spool.temporary), ("new", spool.new), ("taking", spool.taking)] {
            var found: [(name: FileName, status: stat)] = []
            FolderNames.forEach(folder) { entry in
                var status = stat()
                guard found.count < left, fstatat(folder, entry.path, &status, AT_SYMLINK_NOFOLLOW) == 0,
                    status.st_uid == owner.rawValue, !examined.contains(UInt(status.st_ino))
                else { return }
                found.append((entry, status))
            }
            for file in found { examine(file.name, file.status, in: folder, "\(spool.path)/\(name)") }
            left -= found.count
            if left == 0 { return }
        }
        isComplete = true
    }

    private mutating func examine(_ name: FileName, _ status: stat, in folder: Int32, _ path: String) {
        examined.insert(UInt(status.st_ino))
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if let label {
            guard let content = SpoolFolder.content(name, in: folder, limit: 2 * SpoolFolder.fileLimit) else {
                leave(
                    name, path,
                    isFolder
                        ? "It is a folder, which is not searched for the label."
                        : "The daemon cannot read it, so it cannot tell whether the file holds the label.")
                return
            }
            guard Self.holds(label, content, name) else { return }
        }
        var erasure = FolderErasure(of: owner)
        let reason = erasure.remove(name, in: folder)
        erased.files += erasure.files + (isFolder && reason == nil && erasure.files == 0 ? 1 : 0)
        guard let reason else { return }
        leave(
            name, path,
            path.hasSuffix("/taking")
                ? "It is a folder that is being taken in, and \(reason). An operator can remove it."
                : "It is \(isFolder ? "a folder" : "a file"), and \(reason). Remove it yourself with 'rm -r'."
        )
    }

    private mutating func leave(_ name: FileName, _ path: String, _ reason: String) {
        erased.left.append(
            SpoolErased.Leftover(
                path: "\(path)/\(name.display)",
                reason: label == nil ? reason : reason + " 'sglorad-ctl forget --all' erases what it can."))
    }

    /// Whether an intent has the label, or a file that is no intent holds it anywhere.
    private static func holds(_ label: String, _ content: Data, _ name: FileName) -> Bool {
        if let intent = try? SpoolIntent.read(Array(content)) { return intent.label == label }
        let search = LabelSearch(label)
        return search.finds(in: content) || search.finds(in: name.stem)
    }
}

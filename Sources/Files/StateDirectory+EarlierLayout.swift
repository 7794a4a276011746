public import ErrorModel
internal import Glibc

/// Moves what earlier versions kept elsewhere to its place.
///
/// It lay in the state directory itself, and users' folders had their numbers for names. Every step is
/// a rename that can be repeated, so that the next start goes on where a crash has interrupted.
extension StateDirectory {
    /// Moves files and folders of an earlier version, or of its restored backup, into `private/`, and gives users' folders
    /// names that cannot be guessed; blocks.
    ///
    /// Call it with the lock held, before anything is opened.
    /// Links in `owners/` that are lost are made again.
    ///
    /// - Parameter ownerOf: the user to whom the adapter of a manifest belongs; nil if the file is none.
    /// - Throws: `storageFailure` where something cannot be moved, or is there twice.
    public func adoptEarlierLayout(ownerOf: (_ manifest: String) -> UserID?) throws(SgloradError) {
        let moved = Folder.entries(of: root).filter { Self.folders.contains($0) || Self.files.contains($0) }
        let databases = Folder.entries(of: root).filter(Self.belongsToDatabase)
        for name in databases where FileKind(of: "\(closed)/\(name)", followingLinks: false) != nil {
            throw .storageFailure(
                "\(root)/\(name)",
                "an earlier version's database lies beside a later one's, \(closed)/\(name). Keep the one that you want, "
                    + "each with its -wal, and move the other out of \(root).")
        }
        for name in moved + databases { try Self.move("\(root)/\(name)", over: "\(closed)/\(name)") }
        if !(moved + databases).isEmpty {
            try Folder.synchronise(closed)
            try Folder.synchronise(root)
        }
        let known = owners.users
        for name in Folder.entries(of: adapters) where known[name] == nil {
            try adopt(folder: name, ownerOf: ownerOf)
        }
    }

    /// What earlier versions kept in the state directory itself, beside the databases.
    private static let folders: Set = ["blobs", "damaged", "forgotten", "temporary", "uploads"]
    private static let files: Set = ["idempotency.key", "reserve", "time"]

    private static func belongsToDatabase(_ name: String) -> Bool {
        ["cache.db", "queue.db"].contains {
            name == $0 || name.hasPrefix($0 + "-") || name.hasPrefix($0 + ".")
        }
    }

    /// Moves a file or a folder, as if it were extracted from a backup: files replace those of the same name, folders join them.
    private static func move(_ old: String, over new: String) throws(SgloradError) {
        guard Folder.exists(old), Folder.exists(new) else {
            try Path.rename(old, to: new)
            return
        }
        for name in Folder.entries(of: old) { try move("\(old)/\(name)", over: "\(new)/\(name)") }
        try Folder.synchronise(new)
        Folder.remove(old)
    }

    /// Gives a folder of `adapters/` that no link leads to its owner's link.
    private func adopt(folder name: String, ownerOf: (_ manifest: String) -> UserID?) throws(SgloradError) {
        let old = "\(adapters)/\(name)"
        let entries = Folder.entries(of: old)
        let number = UInt32(name).map { UserID($0) }
        var found = number
        for entry in entries where found == nil && entry.hasSuffix(".json") {
            found = ownerOf("\(old)/\(entry)")
        }
        guard let uid = found else { return }
        let path = try owners.record(uid, as: number == nil ? name : OwnerFolders.newName())
        guard path != old else { return }
        if !Folder.exists(path) {
            try Path.rename(old, to: path)
        } else {
            // A restored backup, say: the user has got another folder since.
            for entry in entries where FileKind(of: "\(path)/\(entry)", followingLinks: false) == nil {
                try Path.rename("\(old)/\(entry)", to: "\(path)/\(entry)")
            }
            try Folder.synchronise(path)
            Folder.remove(old)
        }
        try Folder.synchronise(adapters)
    }
}

internal import ErrorModel
internal import Files
internal import Glibc
internal import Synchronization

extension SpoolFolder {
    /// Moves a taken file to `rejected/<uid>/`, beside a file with the reason.
    ///
    /// Of a file without content (a link, a pipe) only the reason is kept.
    ///
    /// The call is idempotent: repeated after a crash, it uses the same names.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - owner: the user whose folder gets it.
    ///   - defect: why it is rejected.
    ///   - keeping: whether the file itself is kept.
    ///   - beforeMoving: runs after the reason is written and before the file is moved.
    /// - Throws: `storageFailure`, and what `beforeMoving` throws; the file is still in `taking/` then.
    func reject(
        _ file: TakenFile, of owner: UserID, for defect: SpoolDefect, keeping: Bool = true,
        beforeMoving: () throws(SgloradError) -> Void = {}
    ) throws(SgloradError) {
        let folder = try UserFolder(of: owner, in: .rejected, of: self)
        try folder.write(Array("\(defect.reason)\n".utf8), as: file.rejectedName + ".reason")
        try beforeMoving()
        guard move(file, to: folder, keeping: keeping && defect.hasContent) else {
            throw .system("\(folder.path)/\(file.rejectedName)", "a rejected file cannot be moved there")
        }
        try folder.synchronise()
    }

    private func move(_ file: TakenFile, to folder: UserFolder, keeping: Bool) -> Bool {
        let (place, name) = (file.place.path, FileName(file.rejectedName).path)
        if keeping { return renameat(taking, place, folder.descriptor, name) == 0 }
        if unlinkat(taking, place, 0) == 0 { return true }
        // A folder: removed if it is empty, kept with its content otherwise.
        if unlinkat(taking, place, AT_REMOVEDIR) == 0 || renameat(taking, place, folder.descriptor, name) == 0
        {
            return true
        }
        guard errno == EACCES || errno == EPERM else { return false }
        // A folder whose owner has taken the daemon's permissions away. Only an operator can remove it; later passes skip it.
        stranded.withLock { _ = $0.insert(file.place) }
        return true
    }

    /// Writes the reason why a file in `new/` cannot be moved, once per name.
    ///
    /// The file stays where it is.
    ///
    /// - Returns: the name of the reason, without `.reason`; nil if it was there already.
    func rejectStuck(_ file: WaitingFile) throws(SgloradError) -> String? {
        let mark = String(FileDigest.sha256(file.name.bytes).prefix(16))
        let name = "\(mark)-\(file.name.harmless)"
        // Checked by every pass, so its cost must not depend on the number of rejected files.
        var status = stat()
        let reason = FileName("\(file.owner)/\(name).reason").path
        if fstatat(rejected, reason, &status, AT_SYMLINK_NOFOLLOW) == 0 { return nil }
        let folder = try UserFolder(of: file.owner, in: .rejected, of: self)
        try folder.write(Array("\(SpoolDefect.stuck.reason)\n".utf8), as: name + ".reason")
        try folder.synchronise()
        return name
    }
}

extension TakenFile {
    /// The file's name in `rejected/<uid>/`; the same after a crash.
    var rejectedName: String { "\(mark)-\(name.harmless)" }
}

extension SpoolDefect {
    /// The defect of a file that only its owner can move.
    static let stuck = SpoolDefect(
        "cannot be moved by the daemon, because it is a folder of another user; remove it", hasContent: false)
}

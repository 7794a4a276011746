internal import DurableStorage
public import ErrorModel
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension SpoolFolder {
    /// Moves a taken file to `rejected/<uid>/`, beside a file with the reason; where there is nothing to keep but a name (a
    /// link, a pipe), the reason alone stays.
    ///
    /// Called again after a crash in between, it does the same again, under the same names.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - uid: whose it is.
    ///   - defect: why it is no intent.
    ///   - keeping: whether the file itself is kept.
    ///   - telling: what is to be done once the reason stands there, and before the file is moved.
    public func reject(
        _ file: TakenFile, of uid: Int, for defect: SpoolDefect, keeping: Bool = true,
        telling: () throws(SgloradError) -> Void = {}
    ) throws(SgloradError) {
        let name = file.rejectedName
        try writeReason(as: name, of: uid, for: defect) { (user) throws(SgloradError) in
            try telling()
            if keeping, defect.hasContent {
                return renameat(taking, file.place.path, user, FileName(name).path) == 0
            }
            if unlinkat(taking, file.place.path, 0) == 0 { return true }
            // A folder: empty ones go, others are kept whatever is in them.
            if unlinkat(taking, file.place.path, AT_REMOVEDIR) == 0
                || renameat(taking, file.place.path, user, FileName(name).path) == 0
            {
                return true
            }
            guard errno == EACCES || errno == EPERM else { return false }
            // A folder whose owner took the daemon's rights on it away: it must not be tried again at every pass.
            stranded.withLock { _ = $0.insert(file.place) }
            return true
        }
    }

    /// Says that a file in `new/` cannot even be moved, once for each name; it stays where it is.
    ///
    /// - Returns: the name under which the reason stands; nil where it stood there before.
    public func rejectStuck(_ file: WaitingFile) throws(SgloradError) -> String? {
        let mark = String(FileDigest.sha256(file.name.bytes).prefix(16))
        let name = "\(mark)-\(file.name.harmless)"
        // Asked at every pass, so that it must not grow with what else was rejected.
        var status = stat()
        let reason = FileName("\(file.uid)/\(name).reason").path
        if fstatat(rejected, reason, &status, AT_SYMLINK_NOFOLLOW) == 0 { return nil }
        try writeReason(as: name, of: file.uid, for: .stuck) { _ in true }
        return name
    }

    private func writeReason(
        as name: String, of uid: Int, for defect: SpoolDefect, moving: (Int32) throws(SgloradError) -> Bool
    ) throws(SgloradError) {
        let path = "\(path)/rejected/\(uid)/\(name)"
        let user = try userFolder(uid, in: rejected, "rejected").descriptor
        defer { close(user) }
        let reason = FileName(name + ".reason").path
        let temporary = FileName(".\(DurableFile.uniqueName())").path
        let descriptor = openat(user, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(path, "the reason cannot be written") }
        defer { close(descriptor) }
        do throws(SgloradError) {
            try DurableFile.append(Array("\(defect.reason)\n".utf8), to: descriptor, path: path)
            _ = AccessList.grant(descriptor, to: UInt32(uid), folder: false, givingAway: true)
            guard fsync(descriptor) == 0, renameat(user, temporary, user, reason) == 0 else {
                throw SgloradError.system(path, "the reason cannot be written")
            }
        } catch {
            unlinkat(user, temporary, 0)
            throw error
        }
        guard try moving(user) else { throw .system(path, "a file that is no intent cannot be moved there") }
        guard fsync(user) == 0 else { throw .system(path, "the disk did not take the folder") }
    }
}

extension TakenFile {
    /// The name in `rejected/<uid>/` if it is no intent; the same after a crash.
    public var rejectedName: String { "\(mark)-\(name.harmless)" }
}

extension SpoolDefect {
    /// A file that only its owner can move.
    public static let stuck = SpoolDefect(
        "cannot be moved by the daemon, since it is a folder of another user's; remove it", hasContent: false)
}

internal import ErrorModel
internal import Files
internal import Glibc
internal import SpoolForms
internal import Synchronization

/// One file that is rejected.
struct SpoolRejection: Sendable {
    /// The file in `taking/`; nil for one that stays in `new/` because only its owner can move it.
    var file: TakenFile?
    /// The name in `rejected/<uid>/`; the reason's is the same with `.reason`.
    let name: String
    /// The user whose folders get the file, its reason and its result.
    let owner: UserID
    /// Why it is rejected.
    let defect: SpoolDefect
    /// The name of the result in `done/<uid>/`, and the error that it reports; nil where there is no result.
    var result: (name: String, error: SgloradError)?
}

extension SpoolFolder {
    /// Moves files to `rejected/<uid>/`, each beside a file with the reason, and writes their results.
    ///
    /// Of a file without content (a link, a pipe) only the reason is kept. Reasons and results are durable before a file
    /// is moved. The call is idempotent: repeated after a crash, it uses the same names.
    ///
    /// - Parameters:
    ///   - rejections: the files.
    ///   - keeping: whether the files themselves are kept.
    /// - Returns: how many were rejected, and the first failure. A file that failed is still where it was.
    func reject(
        _ rejections: [SpoolRejection], keeping: Bool
    ) -> (rejected: Int, failure: SgloradError?) {
        var staged = StagedFiles(self)
        var failures: [Int: SgloradError] = [:]
        for (ticket, rejection) in rejections.enumerated() {
            do throws(SgloradError) {
                try staged.add(
                    Array("\(rejection.defect.reason)\n".utf8), as: rejection.name + ".reason", in: .rejected,
                    of: rejection.owner, ticket: ticket)
                guard let (name, error) = rejection.result else { continue }
                let isKept = keeping && rejection.defect.hasContent
                let result = Form.SpoolResult(
                    state: .rejected, failure: Form.SpoolFailure(error),
                    rejected: isKept ? "\(path)/rejected/\(rejection.owner)/\(rejection.name)" : nil)
                try staged.add(
                    try result.fileContent(), as: name, in: .done, of: rejection.owner, ticket: ticket)
            } catch {
                failures[ticket] = error
            }
        }
        failures.merge(staged.publish(without: Set(failures.keys))) { first, _ in first }
        for (ticket, rejection) in rejections.enumerated() where failures[ticket] == nil {
            guard let file = rejection.file else { continue }
            do throws(SgloradError) {
                let folder = try staged.folder(.rejected, of: rejection.owner)
                try move(
                    file, to: folder, as: rejection.name, keeping: keeping && rejection.defect.hasContent)
            } catch {
                failures[ticket] = error
            }
        }
        do throws(SgloradError) {
            try staged.synchronise(.rejected)
        } catch {
            return (0, failures.min { $0.key < $1.key }?.value ?? error)
        }
        return (rejections.count - failures.count, failures.min { $0.key < $1.key }?.value)
    }

    /// Rejects one file without a result.
    ///
    /// - Throws: `storageFailure`; the file is still in `taking/` then.
    func reject(
        _ file: TakenFile, of owner: UserID, for defect: SpoolDefect, keeping: Bool = true
    ) throws(SgloradError) {
        let one = SpoolRejection(file: file, name: file.rejectedName, owner: owner, defect: defect)
        if let failure = reject([one], keeping: keeping).failure { throw failure }
    }

    private func move(
        _ file: TakenFile, to folder: UserFolder, as name: String, keeping: Bool
    ) throws(SgloradError) {
        let (place, name) = (file.place.path, FileName(name).path)
        if keeping {
            if renameat(taking, place, folder.descriptor, name) == 0 { return }
        } else {
            // A folder is removed if it is empty, and kept with its content otherwise.
            if unlinkat(taking, place, 0) == 0 || unlinkat(taking, place, AT_REMOVEDIR) == 0
                || renameat(taking, place, folder.descriptor, name) == 0
            {
                return
            }
        }
        switch errno {
        case ENOENT:
            return
        case EACCES where !keeping, EPERM where !keeping:
            // A folder whose owner has taken the daemon's permissions away. Only its owner or an operator can remove it;
            // later passes skip it.
            stranded.withLock { _ = $0.insert(file.place) }
        default:
            throw .system("\(folder.path)/\(file.rejectedName)", "a rejected file cannot be moved there")
        }
    }

    /// The rejection of a file in `new/` that cannot be moved.
    ///
    /// - Returns: nil if the owner has been told already.
    func rejection(ofStuck file: WaitingFile) -> SpoolRejection? {
        let mark = String(FileDigest.sha256(file.name.bytes).prefix(16))
        let name = "\(mark)-\(file.name.harmless)"
        // Checked by every pass, so its cost must not depend on the number of rejected files.
        var status = stat()
        let reason = FileName("\(file.owner)/\(name).reason").path
        if fstatat(rejected, reason, &status, AT_SYMLINK_NOFOLLOW) == 0 { return nil }
        let result = file.name.resultName
        return SpoolRejection(
            name: name, owner: file.owner, defect: .stuck,
            result: (result, .invalidFile(result, SpoolDefect.stuck.reason)))
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

internal import ErrorModel
internal import Executors
internal import Files
internal import SpoolForms

/// Rejections: the file is moved to `rejected/<uid>/` beside its reason, and the owner gets a result in `done/<uid>/`.
///
/// If rejecting a file fails, the next pass tries again; other files are not affected.
extension SpoolIntake {
    /// Rejects a file with a defect.
    ///
    /// If the defect may be temporary, it is rejected only once the settle time has passed.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - owner: the user who owns it.
    ///   - quiet: for how many seconds neither the file nor its name has changed. Below ``settling`` a program may still be
    ///     writing the file, and it counts as unsettled; a later pass decides.
    ///   - defect: why it is rejected.
    func rejectOnceSettled(
        _ file: TakenFile, of owner: UserID, quiet: Int, _ defect: SpoolDefect
    ) async -> Outcome {
        if defect.mayPass, quiet < settling { return Outcome(unsettled: 1) }
        return await reject(file, of: owner, defect, .invalidFile(file.name.resultName, defect.reason))
    }

    /// Rejects a file with an invalid intent once the settle time has passed.
    ///
    /// Until then a program may still be writing the file, directly in `new/`.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - owner: the user who owns it.
    ///   - quiet: for how many seconds neither the file nor its name has changed.
    ///   - error: why the intent is invalid.
    func rejectOnceSettled(
        _ file: TakenFile, of owner: UserID, quiet: Int, _ error: SgloradError
    ) async -> Outcome {
        if quiet < settling { return Outcome(unsettled: 1) }
        return await reject(file, of: owner, SpoolDefect(reason: error.message), error)
    }

    /// Rejects a file at once.
    private func reject(
        _ file: TakenFile, of owner: UserID, _ defect: SpoolDefect, _ error: SgloradError
    ) async -> Outcome {
        let (folder, keeps) = (folder, keepsRejected)
        return await rejection { () throws(SgloradError) in
            let place = "\(folder.path)/rejected/\(owner)/\(file.rejectedName)"
            let result = Form.SpoolResult(
                state: .rejected, failure: Form.SpoolFailure(error),
                rejected: keeps && defect.hasContent ? place : nil)
            // The result is written before the file is moved: a crash in between repeats both.
            try folder.reject(file, of: owner, for: defect, keeping: keeps) { () throws(SgloradError) in
                try result.write(as: file.name.resultName, for: owner, in: folder)
            }
            return true
        }
    }

    /// Reports, once, a file in `new/` that cannot be moved.
    func rejectStuck(_ file: WaitingFile) async -> Outcome {
        let folder = folder
        return await rejection { () throws(SgloradError) in
            guard try folder.rejectStuck(file) != nil else { return false }
            let name = file.name.resultName
            let error = SgloradError.invalidFile(name, SpoolDefect.stuck.reason)
            try Form.SpoolResult(state: .rejected, failure: Form.SpoolFailure(error))
                .write(as: name, for: file.owner, in: folder)
            return true
        }
    }

    /// The outcome of a body that returns whether it rejected a file.
    private func rejection(
        _ body: @escaping @Sendable () throws(SgloradError) -> Bool
    ) async -> Outcome {
        do throws(SgloradError) {
            return Outcome(rejected: try await pool.run(body) ? 1 : 0)
        } catch {
            return Outcome(failure: error)
        }
    }
}

internal import ControlProtocol
internal import ErrorModel
internal import IntentQueue

/// Takes the spool's files into the queue: out of reach, committed, and only then removed.
///
/// What a crash leaves in `taking/` is taken in again by the next pass; the idempotency key makes that the same request.
struct SpoolIntake: Sendable {
    /// What a pass came to.
    struct Outcome: Sendable, Equatable {
        /// Files whose intents are in the queue.
        var accepted = 0
        /// Files that were no intents.
        var rejected = 0
        /// Files that may be whole in a moment.
        var unsettled = 0
        /// Whether files wait until the queue, or their user's share of the disk, has room for them.
        var isWaiting = false
        /// Why a file could be neither taken in nor rejected; it stays, and does not hold up the others.
        var failure: SgloradError?

        static func == (one: Outcome, other: Outcome) -> Bool {
            (one.accepted, one.rejected, one.unsettled) == (other.accepted, other.rejected, other.unsettled)
                && one.isWaiting == other.isWaiting && one.failure?.message == other.failure?.message
        }

        static func += (total: inout Outcome, part: Outcome) {
            total.accepted += part.accepted
            total.rejected += part.rejected
            total.unsettled += part.unsettled
            total.isWaiting = total.isWaiting || part.isWaiting
            total.failure = total.failure ?? part.failure
        }
    }

    /// How many files are committed at once.
    static let batch = 256

    let folder: SpoolFolder
    let queue: IntentQueue
    let pool: ComputePool
    /// Whether rejected files are kept, beside their reasons.
    let keepsRejected: Bool
    /// For how many seconds nothing may have changed about a file that is not sound, before it is rejected.
    var settling = 2
    /// Whether a user may have more adapters at the moment.
    var hasShare: @Sendable (Int) async throws(SgloradError) -> Bool = { _ in true }
    /// Puts an intent of a user's into the form that the queue takes.
    ///
    /// It throws `invalidIntent` or `unknownBase` where the intent is to blame.
    let submission: @Sendable (Wire.Intent, Int) async throws(SgloradError) -> Submission

    /// Takes in what there is, as far as the queue and each user's share of the disk have room.
    ///
    /// A file that can be neither read nor rejected does not hold up the others.
    ///
    /// - Throws: `storageFailure` where nothing can be taken in; nothing is lost then, and the next pass goes on.
    func pass() async throws(SgloradError) -> Outcome {
        var outcome = Outcome()
        let folder = folder
        let earlier = try await pool.run { () throws(SgloradError) in folder.taken() }
        for files in earlier.chunked(Self.batch) { outcome += try await admit(files) }
        let limit = min(queue.options.perUser, queue.options.capacity)
        let waiting = try await pool.run { () throws(SgloradError) in folder.waiting(atMost: limit + 1) }
        var chosen: [WaitingFile] = []
        for (uid, files) in waiting {
            let room = try await hasShare(uid) ? queue.room(for: uid) : 0
            chosen += files.prefix(room)
            outcome.isWaiting = outcome.isWaiting || files.count > room
        }
        chosen.sort { ($0.modified, $0.uid) < ($1.modified, $1.uid) }
        for files in chosen.chunked(Self.batch) {
            // Rooms were counted for each user alone; together they may be more than there is.
            guard try await queue.hasRoom() else {
                outcome.isWaiting = true
                break
            }
            let (taken, stuck) = try await pool.run { () throws(SgloradError) in try folder.take(files) }
            outcome += try await admit(taken)
            for file in stuck { outcome += await refuse(file) }
        }
        return outcome
    }

    /// Commits files that are in `taking/`.
    private func admit(_ files: [TakenFile]) async throws(SgloradError) -> Outcome {
        var outcome = Outcome()
        var drafts: [(file: TakenFile, uid: Int, submission: Submission)] = []
        let folder = folder
        let readings = try await pool.run { () throws(SgloradError) in
            files.map { file in (file, Result { () throws(SgloradError) in try folder.read(file) }) }
        }
        for (file, reading) in readings {
            switch reading {
            case .failure(let error): outcome += Outcome(failure: error)
            case .success(.gone): continue
            case .success(.defect(let defect, _, let quiet)) where defect.mayPass && quiet < settling:
                outcome.unsettled += 1
            case .success(.defect(let defect, let uid, _)):
                outcome += await reject(
                    file, uid, defect, .invalidFile(file.name.resultName, defect.reason))
            case .success(.content(let bytes, let uid, let quiet)):
                do throws(SgloradError) {
                    drafts.append((file, uid, try await draft(file, bytes, uid)))
                } catch {
                    guard error.isTheFiles else { throw error }
                    guard quiet >= settling else {
                        // Cut short, it may yet be made whole by whoever writes in new/ itself.
                        outcome.unsettled += 1
                        continue
                    }
                    outcome += await reject(file, uid, SpoolDefect(reason: error.message), error)
                }
            }
        }
        guard !drafts.isEmpty else { return outcome }
        let results = try await queue.submit(drafts.map(\.submission))
        var accepted: [TakenFile] = []
        for (draft, result) in zip(drafts, results) {
            switch result {
            case .success: accepted.append(draft.file)
            case .failure(let error) where error.code == .busy: outcome.isWaiting = true
            case .failure(let error):
                outcome += await reject(draft.file, draft.uid, SpoolDefect(reason: error.message), error)
            }
        }
        let committed = accepted
        try await pool.run { () throws(SgloradError) in for file in committed { folder.remove(file) } }
        outcome.accepted += committed.count
        return outcome
    }

    private func draft(
        _ file: TakenFile, _ bytes: [UInt8], _ uid: Int
    ) async throws(SgloradError) -> Submission {
        var submission = try await submission(try SpoolIntent.read(bytes), uid)
        let name = file.name.resultName
        submission.key = SpoolIntent.key(name, bytes)
        submission.spoolName = name
        return submission
    }

    /// Says in `rejected/` and in `done/` that a file was no intent, and then moves it.
    ///
    /// Where that fails the file is tried again at the next pass, and the others go on.
    private func reject(
        _ file: TakenFile, _ uid: Int, _ defect: SpoolDefect, _ error: SgloradError
    ) async -> Outcome {
        do throws(SgloradError) {
            try await moveAway(file, uid, defect, error)
            return Outcome(rejected: 1)
        } catch {
            return Outcome(failure: error)
        }
    }

    private func moveAway(
        _ file: TakenFile, _ uid: Int, _ defect: SpoolDefect, _ error: SgloradError
    ) async throws(SgloradError) {
        let (folder, keeps) = (folder, keepsRejected)
        try await pool.run { () throws(SgloradError) in
            let place = "\(folder.path)/rejected/\(uid)/\(file.rejectedName)"
            let result = SpoolResult(
                state: .rejected, failure: SpoolResult.Failure(error),
                rejected: keeps && defect.hasContent ? place : nil)
            // Said before the file is moved: what a crash cuts off in between is done again.
            try folder.reject(file, of: uid, for: defect, keeping: keeps) { () throws(SgloradError) in
                try folder.say(result, as: file.name.resultName, for: uid)
            }
        }
    }

    private func refuse(_ file: WaitingFile) async -> Outcome {
        let folder = folder
        do throws(SgloradError) {
            let isNew = try await pool.run { () throws(SgloradError) in
                guard try folder.rejectStuck(file) != nil else { return false }
                let error = SgloradError.invalidFile(file.name.resultName, SpoolDefect.stuck.reason)
                try folder.say(
                    SpoolResult(state: .rejected, failure: SpoolResult.Failure(error)),
                    as: file.name.resultName, for: file.uid)
                return true
            }
            return Outcome(rejected: isNew ? 1 : 0)
        } catch {
            return Outcome(failure: error)
        }
    }
}

extension SpoolFolder {
    /// Moves files into `taking/`; those that cannot be moved come back as stuck.
    fileprivate func take(
        _ files: [WaitingFile]
    ) throws(SgloradError) -> (taken: [TakenFile], stuck: [WaitingFile]) {
        var (taken, stuck): ([TakenFile], [WaitingFile]) = ([], [])
        for file in files {
            switch try take(file.name) {
            case .taken(let moved): taken.append(moved)
            case .stuck: stuck.append(file)
            case .gone: continue
            }
        }
        return (taken, stuck)
    }

    /// Writes one result durably.
    fileprivate func say(_ result: SpoolResult, as name: String, for uid: Int) throws(SgloradError) {
        var results = SpoolResults(self)
        try results.write(try result.bytes(), as: name, for: uid)
        try results.synchronise()
    }
}

extension SpoolResult {
    /// The file's content.
    func bytes() throws(SgloradError) -> [UInt8] {
        Array(try WireJSON.string(self).utf8) + [UInt8(ascii: "\n")]
    }
}

extension SgloradError {
    /// Whether a spooled file is to blame, and not the box.
    fileprivate var isTheFiles: Bool {
        switch code {
        case .invalidIntent, .unknownBase, .invalidRequest: true
        default: false
        }
    }
}

extension Array {
    /// The elements in stretches of at most `count`.
    fileprivate func chunked(_ count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}

extension Result {
    /// What `body` gives or throws.
    fileprivate init(_ body: () throws(Failure) -> Success) {
        do throws(Failure) { self = .success(try body()) } catch { self = .failure(error) }
    }
}

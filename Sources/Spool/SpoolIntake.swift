internal import ErrorModel
internal import Executors
internal import Files
internal import SpoolForms

/// Takes the spool's files into the queue: each is moved into `taking/`, read, committed, and only then removed.
///
/// Files that a crash left in `taking/` are taken in by the next pass. Their digests make them the same requests.
struct SpoolIntake: Sendable {
    /// The outcome of one pass.
    struct Outcome: Sendable, Equatable {
        /// How many intents are in the queue.
        var accepted = 0
        /// How many files were rejected.
        var rejected = 0
        /// How many files are invalid but may not be complete yet.
        var unsettled = 0
        /// Whether files wait until the queue, or their user's share of queue or disk, has room for them.
        var isWaiting = false
        /// Whether the pass ended, because its time was over, before every file had its turn.
        var isCut = false
        /// Why a file could be neither taken in nor rejected; the first such failure.
        ///
        /// The file stays.
        var failure: SgloradError?

        static func == (one: Outcome, other: Outcome) -> Bool {
            (one.accepted, one.rejected, one.unsettled) == (other.accepted, other.rejected, other.unsettled)
                && one.isWaiting == other.isWaiting && one.isCut == other.isCut
                && one.failure?.message == other.failure?.message
        }

        static func += (total: inout Outcome, part: Outcome) {
            total.accepted += part.accepted
            total.rejected += part.rejected
            total.unsettled += part.unsettled
            total.isWaiting = total.isWaiting || part.isWaiting
            total.isCut = total.isCut || part.isCut
            total.failure = total.failure ?? part.failure
        }
    }

    /// How many files are committed at once.
    static let batch = 256
    /// How many bytes of files are committed at once, which bounds the time that parsing takes.
    static let batchBytes = 2 << 20
    /// After how long a pass begins no further batch, so that the next pass sees what has arrived meanwhile.
    static let slice = Duration.milliseconds(100)

    let folder: SpoolFolder
    let backend: any SpoolBackend
    let pool: ComputePool
    /// Whether a rejected file is kept beside its reason.
    let keepsRejected: Bool
    /// The settle time in seconds: an invalid file is rejected once it has not changed for this long.
    var settling = 2
    /// After how long a pass begins no further batch.
    var slice = Self.slice

    /// Takes in the waiting files as far as the queue and each user's share have room: the users in turns, and of each
    /// user the oldest files first.
    ///
    /// A file that can be neither read nor rejected does not block the others.
    ///
    /// - Throws: `storageFailure` if nothing can be taken in. No file is lost; the next pass continues.
    func pass() async throws(SgloradError) -> Outcome {
        let start = ContinuousClock.now
        var outcome = Outcome()
        var lines = try await lines(&outcome)
        var hasRoom = true
        while !lines.isEmpty {
            var part = lines.next(atMost: Self.batch, bytes: Self.batchBytes)
            // Each user's room was determined separately; the sum may exceed the queue's.
            if hasRoom { hasRoom = try await backend.hasRoom() }
            if !hasRoom {
                let all = part.count
                part.removeAll { if case .waiting = $0 { true } else { false } }
                outcome.isWaiting = outcome.isWaiting || part.count < all
            }
            if !part.isEmpty { outcome += try await process(part) }
            if !lines.isEmpty, ContinuousClock.now - start >= slice {
                outcome.isCut = true
                break
            }
        }
        return outcome
    }

    /// The files that may be processed now: all in `taking/`, and of those in `new/` as many as their users have room for.
    ///
    /// A file in `taking/` uses room like an open request, so that one user's worthless files are not moved there without
    /// a limit.
    private func lines(_ outcome: inout Outcome) async throws(SgloradError) -> IntakeLines {
        let (folder, backend, settling) = (folder, backend, settling)
        let limit = backend.mostPerUser
        let (left, waiting) = try await pool.run { () throws(SgloradError) in
            (
                folder.left(settling: settling),
                folder.waiting(atMost: limit + 1, account: backend.account(of:))
            )
        }
        var lines = IntakeLines()
        var used: [UserID: Int] = [:]
        for file in left {
            let account = backend.account(of: file.owner)
            used[account, default: 0] += 1
            if file.isSettling {
                outcome.unsettled += 1
            } else {
                lines.append([.left(file)], of: account)
            }
        }
        for (account, files) in waiting {
            var rooms: [UserID: Int] = [:]
            for owner in Set(files.map(\.owner)) {
                rooms[owner] = try await backend.room(for: owner) - used[account, default: 0]
            }
            var (chosen, total) = ([IntakeLines.Entry](), rooms.values.max() ?? 0)
            for file in files where total > 0 && rooms[file.owner, default: 0] > 0 {
                chosen.append(.waiting(file))
                rooms[file.owner, default: 0] -= 1
                total -= 1
            }
            lines.append(chosen, of: account)
            outcome.isWaiting = outcome.isWaiting || files.count > chosen.count
        }
        lines.shuffle()
        return lines
    }

    /// A file that was read as an intent.
    fileprivate struct Candidate: Sendable {
        let file: TakenFile
        let intent: SpooledIntent
        /// For how many seconds the file has not changed; see ``SpoolReading``.
        let quiet: Int
    }

    /// What reading some files gave.
    fileprivate struct Batch: Sendable {
        var candidates: [Candidate] = []
        var rejections: [SpoolRejection] = []
        var outcome = Outcome()
    }

    /// Reads files, commits the intents among them, and removes or rejects those that are decided.
    private func process(_ entries: [IntakeLines.Entry]) async throws(SgloradError) -> Outcome {
        let (folder, settling, keeping) = (folder, settling, keepsRejected)
        let share = slice / 2
        var batch = try await pool.run { () throws(SgloradError) in
            try folder.read(entries, settling: settling, until: .now + share)
        }
        var (accepted, failure): ([TakenFile], SgloradError?) = ([], nil)
        do throws(SgloradError) {
            let admissions =
                batch.candidates.isEmpty ? [] : try await backend.admit(batch.candidates.map(\.intent))
            for (candidate, admission) in zip(batch.candidates, admissions) {
                switch admission {
                case .accepted: accepted.append(candidate.file)
                case .deferred: batch.outcome.isWaiting = true
                case .invalid(let error):
                    batch.reject(
                        candidate.file, of: candidate.intent.owner, quiet: candidate.quiet,
                        settling: settling,
                        SpoolDefect(reason: error.message, mayPass: true), error, in: folder)
                }
            }
        } catch {
            // The worthless files among them are rejected nevertheless.
            failure = error
        }
        let (rejections, committed, end) = (batch.rejections, accepted, ContinuousClock.now + share)
        let (rejected, left, trouble) = try await pool.run { () throws(SgloradError) in
            for file in committed { folder.remove(file) }
            return folder.reject(rejections, keeping: keeping, until: end)
        }
        batch.outcome.isCut = batch.outcome.isCut || left > 0
        if let failure { throw failure }
        batch.outcome.accepted += committed.count
        batch.outcome += Outcome(rejected: rejected, failure: trouble)
        return batch.outcome
    }
}

extension SpoolIntake.Batch {
    /// Decides about a file that is no intent.
    ///
    /// A defect that may be temporary leads to a rejection only once the settle time has passed: until then a program may
    /// still be writing the file, and a later pass decides.
    fileprivate mutating func reject(
        _ file: TakenFile, of owner: UserID, quiet: Int, settling: Int, _ defect: SpoolDefect,
        _ error: SgloradError, in folder: SpoolFolder
    ) {
        guard !defect.mayPass || quiet >= settling else {
            folder.markUnsettled(file)
            outcome.unsettled += 1
            return
        }
        rejections.append(
            SpoolRejection(
                file: file, name: file.rejectedName, owner: owner, defect: defect,
                result: (file.name.resultName, error)))
    }
}

extension SpoolFolder {
    /// How many files are rejected at once.
    private static let rejectedTogether = 32

    /// Rejects files in parts, as many as there is time for; the others stay where they are.
    ///
    /// - Returns: how many were rejected, how many are left for want of time, and the first failure.
    fileprivate func reject(
        _ rejections: [SpoolRejection], keeping: Bool, until end: ContinuousClock.Instant
    ) -> (rejected: Int, left: Int, failure: SgloradError?) {
        var (rejected, failure, rest): (Int, SgloradError?, ArraySlice<SpoolRejection>) = (
            0, nil, rejections[...]
        )
        repeat {
            let part = Array(rest.prefix(Self.rejectedTogether))
            guard !part.isEmpty else { break }
            rest = rest.dropFirst(part.count)
            let outcome = reject(part, keeping: keeping)
            rejected += outcome.rejected
            failure = failure ?? outcome.failure
        } while ContinuousClock.now < end
        return (rejected, rest.count, failure)
    }

    /// Moves files into `taking/` and reads them, as many as there is time for; the others stay where they are.
    ///
    /// - Throws: `storageFailure` where none can be moved.
    fileprivate func read(
        _ entries: [IntakeLines.Entry], settling: Int, until end: ContinuousClock.Instant
    ) throws(SgloradError) -> SpoolIntake.Batch {
        var batch = SpoolIntake.Batch()
        for (number, entry) in entries.enumerated() {
            // Some in any case, so that there is progress.
            if number >= 16, ContinuousClock.now > end {
                batch.outcome.isCut = true
                break
            }
            let file: TakenFile
            switch entry {
            case .left(let left): file = left.file
            case .waiting(let waiting):
                switch try take(waiting.name) {
                case .taken(let moved): file = moved
                case .gone: continue
                case .stuck:
                    if let rejection = rejection(ofStuck: waiting) { batch.rejections.append(rejection) }
                    continue
                }
            }
            do throws(SgloradError) {
                try read(file, settling: settling, into: &batch)
            } catch {
                batch.outcome += SpoolIntake.Outcome(failure: error)
            }
        }
        return batch
    }

    private func read(
        _ file: TakenFile, settling: Int, into batch: inout SpoolIntake.Batch
    ) throws(SgloradError) {
        let name = file.name.resultName
        switch try read(file) {
        case .gone: return
        case .defect(let defect, let owner, let quiet):
            batch.reject(
                file, of: owner, quiet: quiet, settling: settling, defect, .invalidFile(name, defect.reason),
                in: self)
        case .content(let content, let owner, let quiet):
            do throws(SgloradError) {
                let intent = SpooledIntent(
                    intent: try SpoolIntent.read(content), owner: owner, name: name,
                    digest: SpooledIntent.digest(name: name, content: content))
                batch.candidates.append(.init(file: file, intent: intent, quiet: quiet))
            } catch {
                batch.reject(
                    file, of: owner, quiet: quiet, settling: settling,
                    SpoolDefect(reason: error.message, mayPass: true), error, in: self)
            }
        }
    }
}

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
        /// Why a file could be neither taken in nor rejected; the first such failure.
        ///
        /// The file stays.
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
    let backend: any SpoolBackend
    let pool: ComputePool
    /// Whether a rejected file is kept beside its reason.
    let keepsRejected: Bool
    /// The settle time in seconds: an invalid file is rejected once it has not changed for this long.
    var settling = 2

    /// Takes in the waiting files, oldest first, as far as the queue and each user's share have room.
    ///
    /// A file that can be neither read nor rejected does not block the others.
    ///
    /// - Throws: `storageFailure` if nothing can be taken in. No file is lost; the next pass continues.
    func pass() async throws(SgloradError) -> Outcome {
        var outcome = Outcome()
        let folder = folder
        let interrupted = try await pool.run { () throws(SgloradError) in folder.taken() }
        for files in interrupted.chunked(Self.batch) { outcome += try await admit(files) }
        let limit = backend.mostPerUser
        let waiting = try await pool.run { () throws(SgloradError) in folder.waiting(atMost: limit + 1) }
        var chosen: [WaitingFile] = []
        for (owner, files) in waiting {
            let room = try await backend.room(for: owner)
            chosen += files.prefix(room)
            outcome.isWaiting = outcome.isWaiting || files.count > room
        }
        chosen.sort { ($0.modified, $0.owner) < ($1.modified, $1.owner) }
        for files in chosen.chunked(Self.batch) {
            // Each user's room was determined separately; the sum may exceed the queue's.
            guard try await backend.hasRoom() else {
                outcome.isWaiting = true
                break
            }
            let (taken, stuck) = try await pool.run { () throws(SgloradError) in try folder.take(files) }
            outcome += try await admit(taken)
            for file in stuck { outcome += await rejectStuck(file) }
        }
        return outcome
    }

    /// A file that was read as an intent.
    private struct Candidate: Sendable {
        let file: TakenFile
        let intent: SpooledIntent
        /// For how many seconds the file has not changed; see ``SpoolReading``.
        let quiet: Int
    }

    /// Commits files that are in `taking/`, and removes those that were accepted.
    private func admit(_ files: [TakenFile]) async throws(SgloradError) -> Outcome {
        let candidates: [Candidate]
        var outcome: Outcome
        (candidates, outcome) = try await read(files)
        guard !candidates.isEmpty else { return outcome }
        let admissions = try await backend.admit(candidates.map(\.intent))
        var accepted: [TakenFile] = []
        for (candidate, admission) in zip(candidates, admissions) {
            switch admission {
            case .accepted: accepted.append(candidate.file)
            case .deferred: outcome.isWaiting = true
            case .invalid(let error):
                outcome += await rejectOnceSettled(
                    candidate.file, of: candidate.intent.owner, quiet: candidate.quiet, error)
            }
        }
        let (folder, committed) = (folder, accepted)
        try await pool.run { () throws(SgloradError) in for file in committed { folder.remove(file) } }
        outcome.accepted += committed.count
        return outcome
    }

    /// Reads files, and rejects those that are no intents.
    private func read(
        _ files: [TakenFile]
    ) async throws(SgloradError) -> (candidates: [Candidate], outcome: Outcome) {
        var (candidates, outcome): ([Candidate], Outcome) = ([], Outcome())
        let folder = folder
        let readings = try await pool.run { () throws(SgloradError) in
            files.map { file in (file, Result { () throws(SgloradError) in try folder.read(file) }) }
        }
        for (file, reading) in readings {
            switch reading {
            case .failure(let error): outcome += Outcome(failure: error)
            case .success(.gone): continue
            case .success(.defect(let defect, let owner, let quiet)):
                outcome += await rejectOnceSettled(file, of: owner, quiet: quiet, defect)
            case .success(.content(let content, let owner, let quiet)):
                do throws(SgloradError) {
                    let name = file.name.resultName
                    let intent = SpooledIntent(
                        intent: try SpoolIntent.read(content), owner: owner, name: name,
                        digest: SpooledIntent.digest(name: name, content: content))
                    candidates.append(Candidate(file: file, intent: intent, quiet: quiet))
                } catch {
                    outcome += await rejectOnceSettled(file, of: owner, quiet: quiet, error)
                }
            }
        }
        return (candidates, outcome)
    }
}

extension SpoolFolder {
    /// Moves files into `taking/`; those that cannot be moved are returned as stuck.
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
}

extension Array {
    /// The elements in consecutive parts of at most `count`.
    fileprivate func chunked(_ count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}

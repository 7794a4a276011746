internal import ErrorModel
internal import Files
internal import Foundation
internal import GRDB
internal import Privacy

/// The state machine: `queued` → `running` → final; `running` → `queued` by a requeue; `queued` → final by a cancellation;
/// final → `queued` by a retry.
///
/// Each transition runs within the caller's transaction, on a record that was read in it, and writes the changed columns
/// alone. The schema's checks refuse an inconsistent row.
extension RequestRecord {
    /// `queued` → `running`, under a new fencing token; counts an attempt.
    mutating func start(_ db: Database, token: String) throws {
        try updateChanges(db) {
            $0.state = .running
            $0.lease = token
            $0.attempts += 1
        }
    }

    /// `queued` or `running` → a final state; erases the text in the same commit.
    ///
    /// - Parameters:
    ///   - db: the database, within a transaction.
    ///   - state: a final state.
    ///   - adapter: the published adapter; for `done` alone.
    ///   - failure: why it was refused or failed.
    ///   - moment: when.
    ///   - retainingText: whether the text is moved to `retained`, until its time has passed.
    mutating func finish(
        _ db: Database, as state: RequestState, adapter: String? = nil, failure: SgloradError? = nil,
        at moment: ServiceTime.Moment, retainingText: Bool
    ) throws {
        let failure = try failure.map { try StoredJSON.string($0) }
        if retainingText {
            try RetainedText.keep(of: self, in: db)
        } else {
            try MaterialRecord.erase(of: id, in: db)
        }
        try updateChanges(db) {
            $0.state = state
            $0.finishedAt = moment.wall
            $0.endedAge = moment.age
            $0.adapter = adapter
            $0.failure = failure
            $0.eraseText()
            $0.lease = nil
            $0.isCancelRequested = false
        }
    }

    /// `running` → `queued`, in its old place; `cancelled` where its cancellation was requested.
    ///
    /// - Parameters:
    ///   - db: the database, within a transaction.
    ///   - countingAttempt: false to refund the attempt.
    ///   - moment: when.
    ///   - retainingText: as for ``finish(_:as:adapter:failure:at:retainingText:)``.
    mutating func requeue(
        _ db: Database, countingAttempt: Bool, at moment: ServiceTime.Moment, retainingText: Bool
    ) throws {
        guard !isCancelRequested else {
            return try finish(db, as: .cancelled, at: moment, retainingText: retainingText)
        }
        try updateChanges(db) {
            $0.state = .queued
            $0.lease = nil
            $0.attempts = max(0, $0.attempts - (countingAttempt ? 0 : 1))
        }
    }

    /// Cancels a queued request and marks a running one; a final one stays as it is.
    mutating func cancel(_ db: Database, at moment: ServiceTime.Moment, retainingText: Bool) throws {
        switch state {
        case .queued: try finish(db, as: .cancelled, at: moment, retainingText: retainingText)
        case .running: try updateChanges(db) { $0.isCancelRequested = true }
        case .done, .refused, .failed, .cancelled: break
        }
    }

    /// `refused`, `failed` or `cancelled` → `queued`, in its old place and with all its attempts.
    mutating func reopen(_ db: Database, with intent: QueuedIntent) throws {
        let options = try StoredJSON.string(intent.options)
        try RetainedText.deleteOne(db, key: id)
        try setMaterial(intent.material, in: db)
        try updateChanges(db) {
            $0.state = .queued
            $0.text = StoredText.bytes(intent.text)
            $0.options = options
            $0.lane = intent.lane
            $0.finishedAt = nil
            $0.endedAge = 0
            $0.failure = nil
            $0.attempts = 0
            $0.isResultPending = $0.spoolName != nil
        }
    }
}

extension RequestRecord {
    /// Stores a request's material in place of what it had.
    func setMaterial(_ material: TaskMaterial?, in db: Database) throws {
        try MaterialRecord.erase(of: id, in: db)
        if let material { try MaterialRecord(material, of: self).insert(db) }
    }
}

extension SgloradError {
    /// The failure of a request whose every attempt ended without a result.
    static func attemptsExhausted(_ attempts: Int) -> SgloradError {
        SgloradError(
            .internal,
            "The request failed after \(attempts) attempts, each of which ended without a result: the daemon was killed, "
                + "or hung. 'sglorad-ctl queue retry' tries it again.",
            parameters: ["reason": .string("\(attempts) attempts ended without a result")])
    }

    /// The failure of a request whose stored intent is damaged.
    static var unreadableIntent: SgloradError {
        SgloradError(
            .internal, "The request's stored intent is damaged and cannot be read. Submit it again.",
            parameters: ["reason": .string("the intent cannot be read")])
    }
}

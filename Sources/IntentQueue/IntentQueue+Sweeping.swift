internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB

extension IntentQueue {
    /// Brings what an earlier run left half done to its end, before workers begin.
    ///
    /// A request whose adapter was published and which was not made final then is done now; one that was called off is
    /// cancelled; one that was begun as often as may be has failed.
    ///
    /// - Parameter published: the adapter of a request, if there is one.
    public func recover(
        published: @Sendable (String) async throws(SgloradError) -> String?
    ) async throws(SgloradError) {
        let begun = try await database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM request WHERE state = 'queued' AND (attempts > 0 OR calledOff = 1)"
            )
            .map(QueuedRequest.init(row:))
        }
        for request in begun {
            if let adapter = try await published(request.id) {
                try await conclude(request.id, .done, adapter: adapter)
            } else if request.isCalledOff {
                try await conclude(request.id, .cancelled)
            } else if request.attempts >= options.attempts {
                try await conclude(request.id, .failed, failure: .givenUp(after: options.attempts))
            }
        }
    }

    private func conclude(
        _ id: String, _ state: RequestState, adapter: String? = nil, failure: String? = nil
    ) async throws(SgloradError) {
        let (keep, now, age) = (options.retainIntents > .zero, clock.wall(), age.seconds)
        let concluded = try await database.write { db in
            try Self.end(
                db, id: id, token: nil, state, adapter: adapter, failure: failure, keepingIntent: keep,
                now: now,
                age: age)
        }
        if let concluded { ended(concluded) }
    }

    /// What is to be done from time to time, at least twice a minute: leases that ran out go back, texts, keys and labels whose time
    /// has passed are erased, final requests that are old enough are forgotten, and the write-ahead log is emptied, so that
    /// what was erased stands in no file.
    public func sweep() async throws(SgloradError) {
        try await endSilentLeases()
        let now = age.seconds
        let due = Ageing.all(options, now: now)
        // Looked at first: a box with nothing to do should not write.
        let isDue = try await database.read { db in try due.contains { try $0.finds(db) } }
        if isDue {
            try await database.write { db in
                for ageing in due { try ageing.apply(db) }
                try db.execute(sql: "DELETE FROM turn WHERE uid NOT IN (SELECT uid FROM request)")
            }
            logHoldsErased = true
        }
        if now - ageWritten > 3600 {
            let age = age
            try await database.write { db in try age.write(db) }
            ageWritten = now
        }
        guard logHoldsErased else { return }
        logHoldsErased = false
        do {
            try await database.truncateLog()
        } catch {
            logHoldsErased = true
            throw error
        }
    }
}

/// Something that is erased once it is old enough.
private struct Ageing: Sendable {
    /// The rows that are concerned: a table and a condition whose one argument is ``bound``.
    let rows: String
    /// What is done with them: a statement with the same argument.
    let statement: String
    /// The age of the queue until which it is old.
    let bound: Double

    static func all(_ options: QueueOptions, now: Double) -> [Ageing] {
        let intents = "retained WHERE request IN (SELECT id FROM request WHERE endedAge <= ?)"
        let keys = "request WHERE keyHash IS NOT NULL AND submittedAge <= ? AND finishedAt IS NOT NULL"
        let labels = "request WHERE label IS NOT NULL AND finishedAt IS NOT NULL AND endedAge <= ?"
        let requests = "request WHERE finishedAt IS NOT NULL AND isOwed = 0 AND endedAge <= ?"
        return [
            Ageing(
                rows: intents, statement: "DELETE FROM \(intents)",
                bound: now - options.retainIntents.inSeconds),
            Ageing(
                rows: keys,
                statement:
                    "UPDATE request SET keyHash = NULL, contentHash = NULL WHERE rowid IN (SELECT rowid FROM \(keys))",
                bound: now - options.keepKeys.inSeconds),
            Ageing(
                rows: labels,
                statement: "UPDATE request SET label = NULL WHERE rowid IN (SELECT rowid FROM \(labels))",
                bound: now - options.keepLabels.inSeconds),
            Ageing(
                rows: requests, statement: "DELETE FROM \(requests)",
                bound: now - options.keepRequests.inSeconds),
        ]
    }

    func finds(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM \(rows))", arguments: [bound]) == true
    }

    func apply(_ db: Database) throws {
        try db.execute(sql: statement, arguments: [bound])
    }
}

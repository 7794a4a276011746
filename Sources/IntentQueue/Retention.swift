internal import GRDB

/// Erases texts, idempotency keys, labels and requests whose retention time has passed.
///
/// Ages are counted in the queue's own time, see ``QueueAge``. Invariants: nothing of an open request is erased, and no
/// request whose result is not delivered yet.
struct Retention: Sendable {
    /// The retention times.
    let options: QueueOptions
    /// The queue's age, in seconds.
    let age: Double

    private typealias Columns = RequestRecord.Columns

    /// Whether there is anything to erase; reads only, so that an idle machine's disk is not written to.
    func isDue(_ db: Database) throws -> Bool {
        try !texts.isEmpty(db) || !keys.isEmpty(db) || !labels.isEmpty(db) || !requests.isEmpty(db)
    }

    /// Erases everything that is due.
    func apply(_ db: Database) throws {
        try texts.deleteAll(db)
        try keys.updateAll(db, Columns.keyHash.set(to: nil), Columns.contentHash.set(to: nil))
        try labels.updateAll(db, Columns.label.set(to: nil))
        try requests.deleteAll(db)
        try UserTurnOrder.prune(db)
    }

    /// The age at or before which something has been kept for a retention time.
    private func limit(_ kept: Duration) -> Double { age - kept.inSeconds }

    /// Retained texts of final requests, see `RequestRecord+TextErasure.swift`.
    private var texts: QueryInterfaceRequest<RetainedText> {
        let ended = RequestRecord.filter(Columns.endedAge <= limit(options.retainIntents))
        return RetainedText.filter(ended.select(Columns.id).contains(RetainedText.Columns.request))
    }

    /// Final requests whose idempotency keys are due.
    private var keys: QueryInterfaceRequest<RequestRecord> {
        RequestRecord.filter(
            Columns.keyHash != nil && Columns.submittedAge <= limit(options.keepKeys) && RequestRecord.isFinal
        )
    }

    /// Final requests whose labels are due.
    private var labels: QueryInterfaceRequest<RequestRecord> {
        RequestRecord.filter(
            Columns.label != nil && RequestRecord.isFinal && Columns.endedAge <= limit(options.keepLabels))
    }

    /// Final requests that are due themselves.
    private var requests: QueryInterfaceRequest<RequestRecord> {
        RequestRecord.filter(
            RequestRecord.isFinal && Columns.isResultPending == false
                && Columns.endedAge <= limit(options.keepRequests))
    }
}

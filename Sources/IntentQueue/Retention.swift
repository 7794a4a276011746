internal import Files
internal import GRDB

/// Erases texts, idempotency keys, labels and requests whose retention time has passed.
///
/// Ages are counted in the service's own time, see `ServiceTime`. Invariants: nothing of an open request is erased, and no
/// request whose result is not delivered yet or whose idempotency key still counts.
struct Retention: Sendable {
    /// The retention times.
    let options: QueueOptions
    let now: ServiceTime.Moment

    private typealias Columns = RequestRecord.Columns

    /// Whether there is anything to erase; reads only, so that an idle machine's disk is not written to.
    func isDue(_ db: Database) throws -> Bool {
        try !texts.isEmpty(db) || !materials.isEmpty(db) || !keys.isEmpty(db) || !labels.isEmpty(db)
            || !requests.isEmpty(db)
            || EndedRequests(options).isDue(db)
    }

    /// Erases everything that is due.
    func apply(_ db: Database) throws {
        try texts.deleteAll(db)
        try materials.deleteAll(db)
        try keys.updateAll(db, Columns.keyHash.set(to: nil), Columns.contentHash.set(to: nil))
        try labels.updateAll(db, Columns.label.set(to: nil))
        try requests.deleteAll(db)
        try EndedRequests(options).prune(db)
        try UserTurnOrder.prune(db)
    }

    /// The age at or before which something has been kept for a retention time.
    private func limit(_ kept: Duration) -> Double { now.age - kept.inSeconds }

    /// Sets ages in the future to the present: the service's time was lost, or a backup of it restored.
    ///
    /// What they belong to then ages from now on.
    static func bringBack(_ db: Database, to now: ServiceTime.Moment) throws {
        try RequestRecord.filter(Columns.endedAge > now.age).updateAll(
            db, Columns.endedAge.set(to: now.age))
        try RequestRecord.filter(Columns.submittedAge > now.running).updateAll(
            db, Columns.submittedAge.set(to: now.running))
    }

    /// Retained texts of final requests, see `RequestRecord+TextErasure.swift`.
    private var texts: QueryInterfaceRequest<RetainedText> {
        RetainedText.filter(ended.select(Columns.id).contains(RetainedText.Columns.request))
    }

    /// Retained examples and labels of final requests.
    private var materials: QueryInterfaceRequest<MaterialRecord> {
        MaterialRecord.filter(ended.select(Columns.id).contains(MaterialRecord.Columns.request))
    }

    /// Final requests whose texts are due.
    private var ended: QueryInterfaceRequest<RequestRecord> {
        RequestRecord.filter(RequestRecord.isFinal && Columns.endedAge <= limit(options.retainIntents))
    }

    /// Final requests whose idempotency keys are due: after the promised time of uptime, and no earlier.
    private var keys: QueryInterfaceRequest<RequestRecord> {
        RequestRecord.filter(
            Columns.keyHash != nil && Columns.submittedAge <= now.running - options.keepKeys.inSeconds
                && RequestRecord.isFinal)
    }

    /// Final requests whose labels are due.
    private var labels: QueryInterfaceRequest<RequestRecord> {
        RequestRecord.filter(
            Columns.label != nil && RequestRecord.isFinal && Columns.endedAge <= limit(options.keepLabels))
    }

    /// Final requests that are due themselves.
    private var requests: QueryInterfaceRequest<RequestRecord> {
        RequestRecord.filter(
            RequestRecord.isFinal && Columns.isResultPending == false && Columns.keyHash == nil
                && Columns.endedAge <= limit(options.keepRequests))
    }
}

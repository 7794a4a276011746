public import ErrorModel
public import Files
internal import Foundation
internal import GRDB
internal import Privacy
internal import Storage

/// What is submitted to the queue.
public struct Submission: Sendable {
    public var intent: QueuedIntent
    /// The base model's name.
    public var base: String
    /// Who asks.
    public var uid: UserID
    /// The caller's own label.
    public var label: String?
    /// The idempotency key, if any.
    public var key: IdempotencyKey?
    /// The file's name if the intent came through the spool; its result is then written under that name.
    public var spoolName: String?
    /// Why no new request of the user is admitted at present; a repetition is answered all the same.
    public var obstacle: SgloradError?

    public init(
        _ intent: QueuedIntent, base: String, uid: UserID, label: String? = nil, key: IdempotencyKey? = nil,
        spoolName: String? = nil
    ) {
        self.intent = intent
        self.base = base
        self.uid = uid
        self.label = label
        self.key = key
        self.spoolName = spoolName
    }
}

extension Submission {
    /// Admits the submission, or finds the request that it repeats.
    ///
    /// - Parameters:
    ///   - db: the database, within a transaction.
    ///   - account: under whom the submitter is counted.
    ///   - hashes: those of the key, if there is one.
    ///   - room: the places that are left, counted in this transaction.
    ///   - moment: when.
    /// - Throws: `invalidIntent` for a bad key, or one that was used for other content; the obstacle; `busy`.
    func admit(
        _ db: Database, _ account: UserID, _ hashes: IdempotencyKeys.Hashes?, _ room: inout QueueRoom,
        at moment: ServiceTime.Moment
    ) throws -> QueuedRequest {
        if let key, !(1...IdempotencyKey.limit).contains(key.key.utf8.count) {
            throw SgloradError.invalidIntent(
                field: "idempotencyKey",
                reason: "has \(key.key.utf8.count) bytes; it must have 1 to \(IdempotencyKey.limit)")
        }
        guard intent.text.byteCount > 0 else {
            throw SgloradError.invalidIntent(field: "text", reason: "is empty")
        }
        if let hashes, let earlier = try repeated(db, hashes) { return earlier }
        if let obstacle { throw obstacle }
        try room.reserve(for: account, withMaterial: intent.material != nil)
        var record = RequestRecord(
            id: "r-" + UUID().uuidString.lowercased(), uid: uid, account: account, base: base, label: label,
            text: StoredText.bytes(intent.text), options: try StoredJSON.string(intent.options),
            state: .queued, submittedAt: moment.wall, submittedAge: moment.running, keyHash: hashes?.key,
            contentHash: hashes?.content, spoolName: spoolName, isResultPending: spoolName != nil,
            lane: intent.lane)
        try record.insert(db)
        if let material = intent.material { try MaterialRecord(material, of: record).insert(db) }
        return QueuedRequest(record)
    }

    /// The earlier request with the same key, if any.
    ///
    /// If this is a repetition from the spool, its result is delivered again.
    private func repeated(_ db: Database, _ hashes: IdempotencyKeys.Hashes) throws -> QueuedRequest? {
        // A cached statement, because compiling takes longer than running it and the spool submits thousands.
        let statement = try db.cachedStatement(sql: "SELECT * FROM request WHERE uid = ? AND keyHash = ?")
        guard var record = try RequestRecord.fetchOne(statement, arguments: [uid, hashes.key]) else {
            return nil
        }
        guard record.contentHash == hashes.content else {
            throw SgloradError.invalidIntent(
                field: "idempotencyKey",
                reason: "was already used for a different intent. Choose a new key for a new intent")
        }
        if spoolName != nil, record.spoolName != nil {
            try record.updateChanges(db) { $0.isResultPending = true }
        }
        return QueuedRequest(record)
    }
}

public import ErrorModel
internal import GRDB
internal import LowRank

/// What the import of an expert changes in its library.
public struct LibraryChange: Sendable {
    /// The base as it was when the change was prepared; nil where there was none.
    public var before: BaseRecord?
    /// The base as it is to be: new, with its first reference, or of a higher rank.
    public var after: BaseRecord
    /// The expert that comes in; its blob is stored.
    public var expert: ExpertRecord
    /// The other experts as they were, where the rank rises.
    public var present: [ExpertRecord]
    /// The same, with blobs on the new layout; in the same order.
    public var padded: [ExpertRecord]

    /// Makes a change that leaves the other experts as they are.
    public init(before: BaseRecord?, after: BaseRecord, expert: ExpertRecord) {
        self.before = before
        self.after = after
        self.expert = expert
        present = []
        padded = []
    }

    /// The blobs that were stored for the change.
    public var newBlobs: [String] {
        [expert.parameters] + (after.reference.map { [$0] } ?? []) + padded.map(\.parameters)
    }

    /// The blobs that nobody needs after the change.
    public var oldBlobs: [String] { present.map(\.parameters) }

    /// Whether the rank rises.
    public var raisesRank: Bool { before.map { $0.layout.rank < after.layout.rank } ?? false }
}

extension ExpertCache {
    /// Makes a change in one transaction, and then removes the blobs that it leaves unused.
    ///
    /// - Returns: false where the library is no longer as it was when the change was prepared; nothing is changed then.
    /// - Throws: `alreadyExists` as `insert(_:creating:)`.
    public func apply(_ change: LibraryChange) async throws(SgloradError) -> Bool {
        let isDone = try await write { db in
            guard try Self.base(db, change.after.name) == change.before else { return false }
            if change.raisesRank {
                let present = try Self.experts(db, base: change.after.name)
                guard Set(present.map(\.parameters)) == Set(change.present.map(\.parameters)),
                    present.count == change.present.count
                else { return false }
            }
            if change.before == nil {
                try change.after.insertIfAbsent(db)
            } else {
                try db.execute(
                    sql: "UPDATE base SET layout = ?, reference = ? WHERE name = ?",
                    arguments: [
                        try JSONColumn.encode(change.after.layout), change.after.reference, change.after.name,
                    ])
            }
            for expert in change.padded {
                try db.execute(
                    sql: "UPDATE expert SET parameters = ?, bytes = ? WHERE base = ? AND name = ?",
                    arguments: [expert.parameters, expert.bytes, expert.base, expert.name])
            }
            try Self.insert(change.expert, db)
            return true
        }
        if isDone { for blob in change.oldBlobs { await removeBlobIfUnused(blob) } }
        return isDone
    }

    /// Removes the blobs of a change that was not made.
    public func discard(_ change: LibraryChange) async {
        for blob in change.newBlobs { await removeBlobIfUnused(blob) }
    }
}

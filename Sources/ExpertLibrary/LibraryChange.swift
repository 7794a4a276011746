internal import GRDB
internal import LowRank

/// What the import of an expert changes in its library: prepared outside a transaction, applied in one by
/// ``ExpertStore/apply(_:)``.
public struct LibraryChange: Sendable {
    /// The base as it was when the change was prepared; nil where there was none.
    public var before: BaseRecord?
    /// The base after the change: new, with its first reference, or of a higher rank.
    public var after: BaseRecord
    /// The imported expert; its blob is stored.
    public var expert: ExpertRecord
    /// The other experts as they were, where the rank rises.
    public var present: [ExpertRecord]
    /// The same experts with blobs on the new layout, in the same order.
    public var padded: [ExpertRecord]
    /// Whether the library is empty and begins anew, with the sites, scale and template of the imported expert.
    public var beginsAnew = false

    /// A change that leaves the other experts as they are.
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

    /// The blobs that nothing needs after the change.
    public var oldBlobs: [String] {
        let replaced = before?.reference.flatMap { $0 == after.reference ? nil : $0 }
        return present.map(\.parameters) + (replaced.map { [$0] } ?? [])
    }

    /// Whether the rank rises.
    public var raisesRank: Bool {
        !beginsAnew && (before.map { $0.layout.rank < after.layout.rank } ?? false)
    }

    /// Applies the change if the library is still as it was when the change was prepared.
    ///
    /// - Returns: false if it is not; nothing is written then.
    func apply(_ db: Database) throws -> Bool {
        guard try BaseRow.find(db, after.name) == before else { return false }
        if beginsAnew, try !ExpertRow.filter(ExpertRow.Columns.base == after.name).isEmpty(db) {
            return false
        }
        if raisesRank {
            let now = try ExpertRow.all(db, of: after.name)
            guard Set(now.map(\.parameters)) == Set(present.map(\.parameters)), now.count == present.count
            else { return false }
        }
        if before == nil {
            try BaseRow.insertIfAbsent(after, db)
        } else {
            try BaseRow(after).update(
                db,
                columns: [
                    BaseRow.Columns.layout, BaseRow.Columns.template, BaseRow.Columns.reference,
                    BaseRow.Columns.modelFile, BaseRow.Columns.modelPath, BaseRow.Columns.promptForm,
                    RowChecksum.column,
                ])
        }
        for expert in padded {
            try ExpertRow.change(expert.name, of: expert.base, db) { row in
                row.parameters = expert.parameters
                row.bytes = expert.bytes
                row.meanNorm = expert.meanNorm
                row.deviation = expert.deviation
            }
        }
        try ExpertStore.insert(expert, db)
        return true
    }
}

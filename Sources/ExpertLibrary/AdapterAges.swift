internal import Files
internal import GRDB

/// When adapters were published and last used, in the service's own time, which setting the wall clock does not change.
///
/// The columns `createdAge` and `usedAge` decide what is evicted and when a label is erased. `createdAt` and `usedAt` are
/// times of the wall clock and are shown to people only.
struct AdapterAges: Sendable {
    /// The service's age when the adapter was published, in seconds.
    let created: Double
    /// The same when it was last used.
    let used: Double

    /// Those of an adapter that has not been used since it was published.
    init(published age: Double) { (created, used) = (age, age) }

    static let createdAge = Column("createdAge")
    static let usedAge = Column("usedAge")

    /// Completes the columns after the database was opened.
    ///
    /// An adapter of an earlier version gets its ages from the wall clock, as far as that is plausible. An age in the future
    /// becomes the present one: the service's time was lost, or a backup of it restored.
    static func complete(_ db: Database, _ time: ServiceTime) throws {
        struct Row: Decodable, FetchableRecord {
            let id: String
            let createdAt: Double
            let usedAt: Double
        }
        let rows = try Row.fetchAll(
            db, sql: "SELECT id, createdAt, usedAt FROM adapter WHERE createdAge IS NULL")
        for row in rows {
            try AdapterRow.identified(row.id).updateAll(
                db, createdAge.set(to: time.age(atWall: row.createdAt)),
                usedAge.set(to: time.age(atWall: row.usedAt)))
        }
        let now = time.now.age
        for column in [createdAge, usedAge] {
            try AdapterRow.filter(column > now).updateAll(db, column.set(to: now))
        }
    }
}

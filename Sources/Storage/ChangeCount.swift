internal import GRDB
internal import Synchronization

/// Counts the transactions that changed some tables, so that whoever has read them knows whether what they read is still so.
///
/// Ask for the ``value`` before reading. Where it is the same later, the tables are as they were read.
public final class ChangeCount: Sendable {
    /// The number of transactions so far; it never goes back.
    public var value: Int { count.load(ordering: .acquiring) }

    private let tables: Set<String>
    private let count = Atomic<Int>(0)

    /// - Parameter tables: the names of the tables.
    public init(of tables: Set<String>) {
        self.tables = tables
    }

    /// Passes the database's notices on; touched on the database's own queue alone.
    final class Observer: TransactionObserver {
        private let changes: ChangeCount
        private var hasChanged = false

        init(_ changes: ChangeCount) {
            self.changes = changes
        }

        func observes(eventsOfKind kind: DatabaseEventKind) -> Bool {
            changes.tables.contains(kind.tableName)
        }

        func databaseDidChange(with event: DatabaseEvent) { hasChanged = true }

        func databaseDidCommit(_ db: Database) {
            if hasChanged { changes.count.add(1, ordering: .releasing) }
            hasChanged = false
        }

        func databaseDidRollback(_ db: Database) { hasChanged = false }
    }
}

internal import Files
internal import Foundation
internal import GRDB

/// The SHA-256 of what a row says, by which a changed byte in the database is noticed when the row is read.
///
/// Times and durations are left out: a manifest holds them to the second, and no answer depends on them.
struct RowChecksum {
    private var bytes: [UInt8] = []

    /// Adds a field; nil differs from an empty text.
    mutating func add(_ field: String?) {
        guard let field else { return bytes.append(0) }
        bytes.append(1)
        add(Array(field.utf8))
    }

    mutating func add(_ field: [UInt8]) {
        withUnsafeBytes(of: UInt64(field.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: field)
    }

    mutating func add(_ fields: [String]) {
        add("\(fields.count)")
        for field in fields { add(field) }
    }

    /// The checksum of what was added, in hexadecimal.
    var text: String { FileDigest.sha256(bytes) }

    /// The checksum's column.
    static let column = Column("checksum")
}

/// A row that is held against a checksum of its own.
///
/// A row of an earlier version has none until the next start gives it one.
protocol CheckedRow: FetchableRecord, TableRecord {
    associatedtype Content

    /// The content, with whatever belongs to it from other tables.
    static func content(of row: Row, _ db: Database) throws -> Content
    /// The checksum of a content.
    static func checksum(of content: Content) throws -> String
    /// The row's identity for messages, as far as it can be read.
    static func name(of row: Row) -> String
}

extension CheckedRow {
    /// The content of a row; nil where it cannot be decoded or does not match its checksum.
    static func sound(_ row: Row, _ db: Database) -> Content? {
        guard let content = try? content(of: row, db) else { return nil }
        guard let stated = try? row.decode(String?.self, forColumn: RowChecksum.column.name) else {
            return content
        }
        return (try? checksum(of: content)) == stated ? content : nil
    }

    /// The sound rows of a query, in its order.
    static func sound(_ query: QueryInterfaceRequest<Self>, _ db: Database) throws -> [Content] {
        try query.asRequest(of: Row.self).fetchAll(db).compactMap { sound($0, db) }
    }

    /// All rows, by their numbers: the content of the sound ones, and which are damaged.
    static func examined(_ db: Database) throws -> (sound: [Content], damaged: [DamagedRow]) {
        guard let (sound, damaged, _) = try examined(db, after: -1, limit: .max) else { return ([], []) }
        return (sound, damaged)
    }

    /// Some rows, by their numbers.
    ///
    /// - Parameters:
    ///   - db: the database.
    ///   - last: the number after which they begin.
    ///   - limit: how many at most.
    /// - Returns: the content of the sound ones, which are damaged, and the number of the last; nil after the last.
    static func examined(
        _ db: Database, after last: Int64, limit: Int
    ) throws -> (sound: [Content], damaged: [DamagedRow], last: Int64)? {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT rowid AS rowNumber, * FROM \(databaseTableName) WHERE rowid > ? ORDER BY rowid LIMIT ?
                """,
            arguments: [last, limit])
        var (sound, damaged, end): ([Content], [DamagedRow], Int64?) = ([], [], nil)
        while let row = try rows.next() {
            end = row["rowNumber"]
            if let content = Self.sound(row, db) {
                sound.append(content)
            } else {
                damaged.append(
                    DamagedRow(table: databaseTableName, number: row["rowNumber"], name: name(of: row)))
            }
        }
        return end.map { (sound, damaged, $0) }
    }

    /// The rows that do not match their checksums or cannot be decoded.
    static func damaged(_ db: Database) throws -> [DamagedRow] {
        try examined(db).damaged
    }

    /// The rows that have no checksum yet, each with its content and number.
    static func unchecked(_ db: Database) throws -> [(content: Content, number: Int64)] {
        try numbered(db).compactMap { row in
            let stated: DatabaseValue = row[RowChecksum.column.name]
            guard stated.isNull, let content = try? content(of: row, db) else { return nil }
            return (content, row["rowNumber"])
        }
    }

    private static func numbered(_ db: Database) throws -> [Row] {
        // SQL: the query interface does not select a row's number beside its columns under another name.
        try Row.fetchAll(db, sql: "SELECT rowid AS rowNumber, * FROM \(databaseTableName)")
    }
}

/// A row in which something has changed that the library did not write.
public struct DamagedRow: Sendable, Hashable {
    /// The table.
    public var table: String
    /// The row's number in the table.
    public var number: Int64
    /// Its identifier or name, as far as it can be read.
    public var name: String
}

extension Row {
    /// A column's text for a message, whatever it holds.
    func words(_ column: String) -> String {
        (try? decode(String.self, forColumn: column)) ?? "unreadable"
    }
}

internal import Foundation
internal import GRDB

extension AdapterRecord {
    /// Reads a row of `adapter` together with its experts' digests.
    init(row: Row, experts: [String]) throws {
        id = row["id"]
        uid = row["uid"]
        base = row["base"]
        request = row["request"]
        files = try JSONColumn.decode(row["files"])
        label = row["label"]
        truncated = row["truncated"]
        provenance = row["provenance"]
        createdAt = Date(timeIntervalSince1970: row["createdAt"])
        isPinned = row["isPinned"]
        usedAt = Date(timeIntervalSince1970: row["usedAt"])
        self.experts = experts
    }

    /// Adds the row.
    func insert(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO adapter (id, uid, base, request, files, bytes, label, truncated, provenance, createdAt,
                    isPinned, usedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                id, uid, base, request, try JSONColumn.encode(files), bytes, label, truncated, provenance,
                createdAt.timeIntervalSince1970, isPinned, usedAt.timeIntervalSince1970,
            ])
        for digest in experts {
            try db.execute(
                sql: "INSERT OR IGNORE INTO adapterExpert (adapter, digest) VALUES (?, ?)",
                arguments: [id, digest])
        }
    }
}

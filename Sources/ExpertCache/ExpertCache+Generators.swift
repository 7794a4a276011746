public import ErrorModel
internal import Foundation
internal import GRDB

extension ExpertCache {
    /// The generators of one base, or of all, newest first.
    public func generators(base: String? = nil) async throws(SgloradError) -> [GeneratorRow] {
        try await read { db in try Self.generators(db, base: base) }
    }

    static func generators(_ db: Database, base: String?) throws -> [GeneratorRow] {
        var experts: [String: [String]] = [:]
        for row in try Row.fetchAll(
            db, sql: "SELECT generator, digest FROM generatorExpert ORDER BY digest")
        {
            experts[row["generator"], default: []].append(row["digest"])
        }
        return try Row.fetchAll(
            db, sql: "SELECT * FROM generator WHERE base = ?1 OR ?1 IS NULL ORDER BY createdAt DESC, id",
            arguments: [base]
        ).map { row in
            GeneratorRow(
                base: row["base"], record: row["record"], parameters: row["parameters"],
                bytes: row["bytes"],
                seconds: row["seconds"], createdAt: Date(timeIntervalSince1970: row["createdAt"]),
                experts: experts[row["id"]] ?? [])
        }
    }

    /// Adds a generator whose blob is stored; one that is there already becomes the newest.
    public func insert(_ generator: GeneratorRow) async throws(SgloradError) {
        try await write { db in try Self.insert(generator, db) }
    }

    static func insert(_ generator: GeneratorRow, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO generator (id, base, record, parameters, bytes, seconds, createdAt)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET createdAt = excluded.createdAt, seconds = excluded.seconds
                """,
            arguments: [
                generator.id, generator.base, generator.record, generator.parameters, generator.bytes,
                generator.seconds, generator.createdAt.timeIntervalSince1970,
            ])
        for digest in generator.experts {
            try db.execute(
                sql: "INSERT OR IGNORE INTO generatorExpert (generator, digest) VALUES (?, ?)",
                arguments: [generator.id, digest])
        }
    }

    /// Removes a generator, and its blob where no other row speaks of it.
    ///
    /// - Returns: false where there is none of that identifier.
    @discardableResult
    public func removeGenerator(_ id: String) async throws(SgloradError) -> Bool {
        let blob = try await write { db -> String? in
            let blob = try String.fetchOne(
                db, sql: "SELECT parameters FROM generator WHERE id = ?", arguments: [id])
            try db.execute(sql: "DELETE FROM generator WHERE id = ?", arguments: [id])
            return blob
        }
        guard let blob else { return false }
        await removeBlobIfUnused(blob)
        return true
    }
}

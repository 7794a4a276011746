public import ErrorModel
internal import Foundation
internal import GRDB

extension ExpertRecord {
    /// Reads a row of `expert` joined with its checkpoints.
    fileprivate init(row: Row, checkpoints: [String]) {
        base = row["base"]
        name = row["name"]
        description = row["description"]
        digest = row["digest"]
        parameters = row["parameters"]
        bytes = row["bytes"]
        embedding = row["embedding"]
        encoder = row["encoder"]
        descriptionTruncated = row["descriptionTruncated"]
        meanNorm = row["meanNorm"]
        deviation = row["deviation"]
        isForeign = row["isForeign"]
        alignment = row["alignment"]
        importedAt = Date(timeIntervalSince1970: row["importedAt"])
        self.checkpoints = checkpoints
    }
}

extension ExpertCache {
    /// All base models, by name.
    public func bases() async throws(SgloradError) -> [BaseRecord] {
        try await read { db in try Self.bases(db) }
    }

    static func bases(_ db: Database) throws -> [BaseRecord] {
        try Row.fetchAll(db, sql: "SELECT * FROM base ORDER BY name").map(BaseRecord.init(cacheRow:))
    }

    /// One base and its experts as they stand together, the experts by name; nil where there is no such base.
    public func library(_ name: String) async throws(SgloradError) -> (
        base: BaseRecord, experts: [ExpertRecord]
    )? {
        try await read { db in
            guard let base = try Self.base(db, name) else { return nil }
            return (base, try Self.experts(db, base: name))
        }
    }

    static func base(_ db: Database, _ name: String) throws -> BaseRecord? {
        try Row.fetchOne(db, sql: "SELECT * FROM base WHERE name = ?", arguments: [name])
            .map(BaseRecord.init(cacheRow:))
    }

    /// Adds a base model.
    ///
    /// - Returns: false where one of that name is there already, which stays as it is.
    public func insert(_ base: BaseRecord) async throws(SgloradError) -> Bool {
        try await write { db in
            try base.insertIfAbsent(db)
            return db.changesCount > 0
        }
    }

    /// The experts of one base, or of all, by base and name.
    public func experts(base: String? = nil) async throws(SgloradError) -> [ExpertRecord] {
        try await read { db in try Self.experts(db, base: base) }
    }

    static func experts(_ db: Database, base: String?) throws -> [ExpertRecord] {
        var checkpoints: [String: [String]] = [:]
        for row in try Row.fetchAll(
            db,
            sql:
                "SELECT base, expert, name FROM checkpoint WHERE base = ?1 OR ?1 IS NULL ORDER BY base, expert, position",
            arguments: [base])
        {
            let key: String = (row["base"] as String) + "\0" + (row["expert"] as String)
            checkpoints[key, default: []].append(row["name"])
        }
        return try Row.fetchAll(
            db, sql: "SELECT * FROM expert WHERE base = ?1 OR ?1 IS NULL ORDER BY base, name",
            arguments: [base]
        ).map { row in
            let key: String = (row["base"] as String) + "\0" + (row["name"] as String)
            return ExpertRecord(row: row, checkpoints: checkpoints[key] ?? [])
        }
    }

    /// Adds an expert whose blob is stored, and its base if it is the first.
    ///
    /// - Throws: `alreadyExists` where another expert has the name, or another name the same content.
    public func insert(_ expert: ExpertRecord, creating base: BaseRecord?) async throws(SgloradError) {
        try await write { db in
            if let base { try base.insertIfAbsent(db) }
            try Self.insert(expert, db)
        }
    }

    static func insert(_ expert: ExpertRecord, _ db: Database) throws {
        let clash = try String.fetchOne(
            db, sql: "SELECT name FROM expert WHERE base = ? AND (name = ? OR digest = ?)",
            arguments: [expert.base, expert.name, expert.digest])
        if let clash {
            throw SgloradError(
                .alreadyExists,
                "The library of '\(expert.base)' already has the expert '\(clash)'. Remove it first with "
                    + "'sglorad-ctl expert remove \(clash)', or choose another name.",
                parameters: ["kind": .string("expert"), "name": .string(clash)])
        }
        try db.execute(
            sql: """
                INSERT INTO expert (base, name, description, digest, parameters, bytes, embedding, encoder,
                    descriptionTruncated, meanNorm, deviation, isForeign, alignment, importedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                expert.base, expert.name, expert.description, expert.digest, expert.parameters,
                expert.bytes,
                expert.embedding, expert.encoder, expert.descriptionTruncated, expert.meanNorm,
                expert.deviation, expert.isForeign, expert.alignment,
                expert.importedAt.timeIntervalSince1970,
            ])
        for (position, name) in expert.checkpoints.enumerated() {
            try db.execute(
                sql: "INSERT INTO checkpoint (base, expert, position, name) VALUES (?, ?, ?, ?)",
                arguments: [expert.base, expert.name, position, name])
        }
    }

    /// Gives an expert's description another embedding: the text encoder was changed.
    public func update(
        embedding: [Float], encoder: String, truncated: Bool, ofExpert name: String, base: String
    ) async throws(SgloradError) {
        let data = ExpertRecord.embeddingData(embedding)
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE expert SET embedding = ?, encoder = ?, descriptionTruncated = ?
                    WHERE base = ? AND name = ?
                    """, arguments: [data, encoder, truncated, base, name])
        }
    }

    /// Removes an expert, and its blob where no other row speaks of it.
    ///
    /// - Returns: false where there is none of that name.
    public func removeExpert(_ name: String, base: String) async throws(SgloradError) -> Bool {
        let blob = try await write { db -> String? in
            let blob = try String.fetchOne(
                db, sql: "SELECT parameters FROM expert WHERE base = ? AND name = ?", arguments: [base, name])
            try db.execute(sql: "DELETE FROM expert WHERE base = ? AND name = ?", arguments: [base, name])
            return blob
        }
        guard let blob else { return false }
        await removeBlobIfUnused(blob)
        return true
    }

    /// Removes a blob unless a row speaks of it; where the database cannot be asked, it stays.
    public func removeBlobIfUnused(_ digest: String) async {
        let users = try? await read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM expert WHERE parameters = ?1)
                        + (SELECT count(*) FROM base WHERE reference = ?1)
                        + (SELECT count(*) FROM generator WHERE parameters = ?1)
                    """, arguments: [digest])
        }
        if users == 0 { blobs.remove(digest) }
    }

    /// The digest of a text encoder's files, as it was last computed for files of the same fingerprint.
    public func encoderDigest(path: String, fingerprint: String) async throws(SgloradError) -> String? {
        try await read { db in
            try String.fetchOne(
                db, sql: "SELECT digest FROM encoderDigest WHERE path = ? AND fingerprint = ?",
                arguments: [path, fingerprint])
        }
    }

    /// Remembers the digest of a text encoder's files.
    public func remember(encoderDigest digest: String, path: String, fingerprint: String)
        async throws(SgloradError)
    {
        try await write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO encoderDigest (path, fingerprint, digest) VALUES (?, ?, ?)",
                arguments: [path, fingerprint, digest])
        }
    }
}

extension BaseRecord {
    init(cacheRow row: Row) throws {
        self.init(
            name: row["name"], layout: try JSONColumn.decode(row["layout"]),
            template: try JSONColumn.decode(row["template"]),
            createdAt: Date(timeIntervalSince1970: row["createdAt"]), reference: row["reference"])
    }

    func insertIfAbsent(_ db: Database) throws {
        try db.execute(
            sql:
                "INSERT OR IGNORE INTO base (name, layout, template, createdAt, reference) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                name, try JSONColumn.encode(layout), try JSONColumn.encode(template),
                createdAt.timeIntervalSince1970, reference,
            ])
    }
}

/// Structured values in a text column.
enum JSONColumn {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<T: Decodable>(_ text: String) throws -> T {
        try JSONDecoder().decode(T.self, from: Data(text.utf8))
    }
}

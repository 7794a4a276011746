internal import Foundation
internal import GRDB

/// A row of `libraryState`: which content a base's library has, and how much of it.
///
/// Triggers keep it. Each change of an expert's name, digest, embedding, encoder or gauge draws a new token, so that what was
/// made from the rows, such as the matrix of the embeddings, knows without reading them whether it is still right.
struct LibraryState: Codable, FetchableRecord, TableRecord, Equatable {
    static let databaseTableName = "libraryState"

    /// The base model's name.
    var base: String
    /// Sixteen random bytes, drawn anew at each change.
    var token: Data
    /// How many experts.
    var experts: Int
    /// The bytes of their blobs.
    var bytes: Int

    /// The state of a base's library; nil where it is empty.
    static func find(_ db: Database, _ base: String) throws -> LibraryState? {
        try filter(Column("base") == base).fetchOne(db)
    }

    /// Adds everything up again, with new tokens: after rows were repaired, whose change the triggers may have missed.
    static func recompute(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM libraryState; \(fill)")
    }

    private static let fill = """
        INSERT INTO libraryState (base, token, experts, bytes)
            SELECT base, randomblob(16), COUNT(*), SUM(bytes) FROM expert GROUP BY base;
        """

    /// The table and its triggers.
    static let schema = """
        CREATE TABLE libraryState (
            base TEXT NOT NULL PRIMARY KEY,
            token BLOB NOT NULL,
            experts INTEGER NOT NULL,
            bytes INTEGER NOT NULL
        ) STRICT;
        \(fill)
        CREATE TRIGGER expertAdded AFTER INSERT ON expert BEGIN
            INSERT INTO libraryState (base, token, experts, bytes) VALUES (NEW.base, randomblob(16), 1, NEW.bytes)
                ON CONFLICT (base) DO UPDATE SET
                    token = excluded.token, experts = experts + 1, bytes = bytes + excluded.bytes;
        END;
        CREATE TRIGGER expertRemoved AFTER DELETE ON expert BEGIN
            UPDATE libraryState SET token = randomblob(16), experts = experts - 1, bytes = bytes - OLD.bytes
                WHERE base = OLD.base;
            DELETE FROM libraryState WHERE base = OLD.base AND experts <= 0;
        END;
        CREATE TRIGGER expertResized AFTER UPDATE OF bytes ON expert WHEN OLD.bytes <> NEW.bytes BEGIN
            UPDATE libraryState SET bytes = bytes + NEW.bytes - OLD.bytes WHERE base = NEW.base;
        END;
        CREATE TRIGGER expertChanged AFTER UPDATE ON expert
            WHEN OLD.name <> NEW.name OR OLD.digest <> NEW.digest OR OLD.embedding <> NEW.embedding
                OR OLD.encoder <> NEW.encoder OR OLD.isForeign <> NEW.isForeign
        BEGIN
            UPDATE libraryState SET token = randomblob(16) WHERE base = NEW.base;
        END;
        """
}

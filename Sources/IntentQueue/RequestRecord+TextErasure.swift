internal import Foundation
internal import GRDB

/// The erasure of an intent's text, examples and labels when its request ends. ("Forget", which erases a request with everything derived from
/// it, is another thing: `Eraser` in the module Adaptation.)
///
/// 1. The commit that makes a request final erases its text and its row of `material`:
///    ``finish(_:as:adapter:failure:at:retainingText:)`` calls ``eraseText()``, and a check in the schema refuses a final
///    row that has a text.
/// 2. Where ``QueueOptions/retainIntents`` is not zero, the same commit moves the text to the table `retained`, and leaves
///    `material`. ``Retention`` deletes both once that time has passed.
/// 3. SQLite overwrites what it deletes (`secure_delete`), and ``RequestQueue/sweep()`` truncates the write-ahead log, so
///    that the text is in no file any more.
extension RequestRecord {
    /// Erases the text, in memory; the update that makes the row final writes it.
    mutating func eraseText() {
        text = nil
    }
}

/// A row of the table `retained`: the text of a final request, kept for as long as ``QueueOptions/retainIntents`` says.
struct RetainedText: Sendable, Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "retained"

    /// The request's identifier.
    let request: String
    let text: Data

    enum Columns {
        static let request = Column(CodingKeys.request)
    }

    /// Retains a request's text, unless it is damaged.
    static func keep(of record: RequestRecord, in db: Database) throws {
        guard let text = record.text, !text.isEmpty else { return }
        try RetainedText(request: record.id, text: text).insert(db, onConflict: .replace)
    }
}

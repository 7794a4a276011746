internal import Files
internal import Foundation
internal import GRDB
public import Privacy
internal import Storage

/// What an intent brings beside its text: examples of the task, and the answers that can occur.
///
/// It is the user's data, and is kept and erased as the intent's text is: see `RequestRecord+TextErasure.swift`.
public struct TaskMaterial: Sendable, Codable, Hashable {
    /// A text as the application will meet it, and the right answer to it where it is known.
    public struct Example: Sendable, Codable, Hashable {
        public var text: PrivateText
        public var answer: PrivateText?

        public init(text: PrivateText, answer: PrivateText? = nil) {
            self.text = text
            self.answer = answer
        }
    }

    public var examples: [Example]
    /// The answers that can occur, in the caller's order; those of examples may be missing.
    public var labels: [PrivateText]

    public init(examples: [Example] = [], labels: [PrivateText] = []) {
        self.examples = examples
        self.labels = labels
    }

    /// Whether there is neither an example nor a label.
    public var isEmpty: Bool { examples.isEmpty && labels.isEmpty }
}

extension TaskMaterial: CustomStringConvertible, CustomDebugStringConvertible {
    /// Counts alone: the texts must not be logged.
    public var description: String { "\(examples.count) examples and \(labels.count) labels" }

    public var debugDescription: String { description }
}

/// A row of the table `material`: the material of an open request, or of a final one whose text is retained.
///
/// Apart from `request`, so that a listing of requests does not read it.
struct MaterialRecord: Sendable, Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "material"

    /// The request's identifier.
    let request: String
    /// Under whom the request is counted.
    let account: UserID
    /// ``TaskMaterial`` as JSON in UTF-8.
    let content: Data

    enum Columns {
        static let request = Column(CodingKeys.request)
        static let account = Column(CodingKeys.account)
    }

    init(_ material: TaskMaterial, of record: RequestRecord) throws {
        request = record.id
        account = record.account
        content = Data(try StoredJSON.string(material).utf8)
    }

    /// The material of a request; nil where there is none, or it cannot be read.
    static func find(_ request: String, in db: Database) throws -> TaskMaterial? {
        let sql = "SELECT * FROM material WHERE request = ?"
        guard let row = try fetchOne(db.cachedStatement(sql: sql), arguments: [request]) else { return nil }
        return try? JSONDecoder().decode(TaskMaterial.self, from: row.content)
    }

    /// Erases the material of a request, if it has some.
    static func erase(of request: String, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM material WHERE request = ?").execute(arguments: [request])
    }
}

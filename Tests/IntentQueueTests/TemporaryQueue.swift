import ErrorModel
import Files
import Foundation
import GRDB
import Privacy
import TestSupport
import Testing

@testable import IntentQueue

/// A queue's database in a folder of a test's own.
final class TemporaryQueue: Sendable {
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }
    var path: String { temporary("queue.db") }

    init() throws { temporary = try TemporaryFolder() }

    /// Opens the queue.
    func open(capacity: Int = 10_000) throws -> RequestQueue {
        try open(QueueOptions(capacity: capacity))
    }

    /// Opens the queue with options and a clock of a test's own.
    func open(_ options: QueueOptions, clock: MachineClock = .system) throws -> RequestQueue {
        try RequestQueue(
            path: path, options: options, time: ServiceTime(file: temporary("time"), clock: clock))
    }

    /// Changes the database behind the queue's back.
    func execute(_ sql: String, _ arguments: StatementArguments = []) throws {
        let database = try DatabaseQueue(path: path)
        try database.write { db in try db.execute(sql: sql, arguments: arguments) }
        try database.close()
    }

    /// How often a word is in all files of the folder: the database, its write-ahead log, and whatever else there is.
    func occurrences(of word: String) throws -> Int {
        try temporary.entries.reduce(0) { total, name in
            let content = Data(try temporary.read(name))
            var (count, rest) = (0, content.startIndex..<content.endIndex)
            while let found = content.range(of: Data(word.utf8), in: rest) {
                count += 1
                rest = found.upperBound..<content.endIndex
            }
            return total + count
        }
    }

    /// Which of some words are in any file of the folder.
    func holding(_ words: [String]) throws -> [String] {
        try words.filter { try occurrences(of: $0) > 0 }
    }
}

extension QueuedIntent {
    /// An intent of nothing but a text.
    init(_ text: String) {
        self.init(text: PrivateText(text), options: IntentOptions(seed: 1))
    }
}

extension RequestQueue {
    /// Submits an intent of nothing but a text.
    @discardableResult
    func submit(_ text: String, label: String? = nil) async throws -> QueuedRequest {
        try await submit(QueuedIntent(text), base: "minilm", uid: 1000, label: label)
    }

    /// Takes a request that must be there.
    func taken(_ location: SourceLocation = #_sourceLocation) async throws -> TakenRequest {
        try #require(try await take(), sourceLocation: location)
    }

    /// Takes and ends the next request.
    func end(_ state: RequestState, adapter: String? = nil) async throws {
        try await finish(try await taken().lease, as: state, adapter: adapter)
    }
}

extension SgloradError {
    /// Some failure of a request.
    static let mishap = SgloradError.internal("a mishap")
}

/// The states that a stream delivers, to its end.
func states(_ stream: AsyncStream<QueuedRequest>) async -> [RequestState] {
    await stream.reduce(into: []) { $0.append($1.state) }
}

/// An in-memory database of the present schema.
func emptyDatabase() throws -> DatabaseQueue {
    let database = try DatabaseQueue()
    try QueueSchema.migrator.migrate(database)
    return database
}

extension RequestRecord {
    /// A queued request of a user.
    static func queued(_ id: String, uid: UserID = 1) -> RequestRecord {
        RequestRecord(
            id: id, uid: uid, account: uid, base: "b", text: StoredText.bytes("birds"),
            options: #"{"seed":1,"force":false}"#,
            state: .queued, submittedAt: 1, submittedAge: 1)
    }
}

extension ServiceTime.Moment {
    /// A moment with this number of seconds on each clock.
    static func at(_ seconds: Double) -> ServiceTime.Moment {
        ServiceTime.Moment(wall: seconds, age: seconds, running: seconds)
    }
}

import ErrorModel
import Foundation
import IntentQueue
import Privacy
import Testing

/// A folder of a test's own with a queue's database in it, removed when the last reference goes.
final class TemporaryQueue: Sendable {
    let folder: String
    var path: String { folder + "/queue.db" }

    init() throws {
        folder = NSTemporaryDirectory() + "intent-queue-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Opens the queue.
    func open(capacity: Int = 10_000) throws -> IntentQueue {
        try open(QueueOptions(capacity: capacity))
    }

    /// Opens the queue with options and a clock of a test's own.
    func open(_ options: QueueOptions, clock: QueueClock = .system) throws -> IntentQueue {
        try IntentQueue(path: path, options: options, clock: clock)
    }

    /// Which of some words stand in any file of the folder: the database, its write-ahead log, whatever else there is.
    func holding(_ words: [String]) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        let contents = try names.map { try Data(contentsOf: URL(filePath: "\(folder)/\($0)")) }
        return words.filter { word in contents.contains { $0.range(of: Data(word.utf8)) != nil } }
    }
}

extension IntentQueue {
    /// Submits an intent of nothing but a text.
    @discardableResult
    func submit(_ text: String, label: String? = nil) async throws -> QueuedRequest {
        try await submit(
            QueuedIntent(text: PrivateText(text), seed: 1), base: "minilm", uid: 1000, label: label)
    }
}

extension IntentQueue {
    /// Takes a request that must be there.
    func taken(_ location: SourceLocation = #_sourceLocation) async throws -> TakenRequest {
        try #require(try await take(), sourceLocation: location)
    }

    /// Takes and ends the next request.
    func end(_ state: RequestState, adapter: String? = nil) async throws {
        try await finish(try await taken().lease, as: state, adapter: adapter)
    }
}

/// The states that a stream says, to its end.
func states(_ stream: AsyncStream<QueuedRequest>) async -> [RequestState] {
    await stream.reduce(into: []) { $0.append($1.state) }
}

/// The error that a call must throw, of the code that it must have.
func refusal(
    _ code: SgloradError.Code, _ location: SourceLocation = #_sourceLocation,
    _ body: () async throws -> some Sendable
) async -> SgloradError? {
    let error = await #expect(throws: SgloradError.self, sourceLocation: location) { _ = try await body() }
    #expect(error?.code == code, sourceLocation: location)
    return error
}

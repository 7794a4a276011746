import ErrorModel
import Foundation
import GRDB
import IntentQueue
import Privacy
import Testing

/// An intent that an older or newer version left, or that was damaged.
@Suite struct DamagedIntentTests {
    @Test("an intent that cannot be read fails by itself and holds up nobody")
    func isFailedAndPassedOver() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "queue-\(UUID().uuidString).db")
            .path(percentEncoded: false)
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
        let first = try IntentQueue(path: path)
        let damaged = try await first.submit(
            QueuedIntent(text: "birds", seed: 1), base: "b", uid: 1, label: nil)
        let sound = try await first.submit(QueuedIntent(text: "fish", seed: 1), base: "b", uid: 1, label: nil)
        try await first.close()
        try await DatabaseQueue(path: path).write { db in
            try db.execute(sql: "UPDATE request SET intent = '{}' WHERE id = ?", arguments: [damaged.id])
        }

        let queue = try IntentQueue(path: path)
        let taken = try await queue.take()
        #expect(taken?.request.id == sound.id)
        #expect(taken?.intent.text == "fish")
        let failed = try await queue.request(damaged.id)
        #expect(failed?.state == .failed)
        #expect(failed?.failure?.contains("ask again") == true)
        #expect(try await queue.take() == nil)
        try await queue.close()
    }
}

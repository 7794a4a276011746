import ControlProtocol
import ErrorModel
import Foundation
import Glibc
import IntentQueue
import Testing

@testable import SgloradCore

/// A spool and a queue in a folder of a test's own, without a daemon around them.
final class SpoolFixture: Sendable {
    let root: String
    let folder: SpoolFolder
    let queue: IntentQueue
    let pool = ComputePool(threads: 2)
    let uid = Int(geteuid())

    var spool: String { root + "/spool" }

    init(_ options: QueueOptions = QueueOptions()) throws {
        root = NSTemporaryDirectory() + "intake-\(UUID().uuidString)"
        folder = try SpoolFolder(root + "/spool")
        queue = try IntentQueue(path: root + "/queue.db", options: options)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func close() async throws {
        try await queue.close()
        await pool.shutdown()
    }

    /// An intake that knows one base; without settling, what is not sound is rejected at once.
    func intake(settling: Int = 0, keepsRejected: Bool = true) -> SpoolIntake {
        SpoolIntake(
            folder: folder, queue: queue, pool: pool, keepsRejected: keepsRejected, settling: settling
        ) { (intent, uid) async throws(SgloradError) in
            guard intent.base == nil || intent.base == "b" else {
                throw .unknownBase(intent.base ?? "", known: ["b"])
            }
            return Submission(try IntentValidation.queued(intent), base: "b", uid: uid, label: intent.label)
        }
    }

    /// Puts a file into `new/` as an app does.
    func drop(_ name: String, _ content: String = #"{"text": "birds"}"#, as uid: Int? = nil) throws {
        let temporary = "\(spool)/tmp/\(name)"
        try Data(content.utf8).write(to: URL(filePath: temporary))
        if let uid { #expect(chown(temporary, uid_t(uid), gid_t(uid)) == 0) }
        #expect(rename(temporary, "\(spool)/new/\(name)") == 0)
    }

    func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(spool)/\(folder)")) ?? []).sorted()
    }

    func result(_ name: String, of uid: Int? = nil) throws -> SpoolResult {
        let path = "\(spool)/done/\(uid ?? self.uid)/\(name)"
        return try JSONDecoder().decode(SpoolResult.self, from: Data(contentsOf: URL(filePath: path)))
    }
}

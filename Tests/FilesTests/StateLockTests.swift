import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@Suite("StateLock")
struct StateLockTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a second daemon is refused, and told which directory is in use`() throws {
        let state = try StateDirectory(root: folder("state"))
        let lock = try StateLock(state)
        let error = refusal(.alreadyExists) { _ = try StateLock(state) }
        #expect(error?.parameters == ["kind": .string("daemon"), "name": .string(state.root)])
        #expect(error?.message.contains("--state-dir") == true)
        // Refused, it has not let go of the first one's.
        _ = refusal(.alreadyExists) { _ = try StateLock(state) }
        let other = try StateLock(StateDirectory(root: folder("other")))
        other.release()
        lock.release()
        let again = try StateLock(state)
        again.release()
    }

    @Test func `a lock file that is a link is refused, and its target stays untouched`() throws {
        let state = try StateDirectory(root: folder("state"))
        try FileManager.default.createSymbolicLink(
            atPath: folder("state/lock"), withDestinationPath: folder("victim"))
        let error = refusal(.storageFailure) { _ = try StateLock(state) }
        #expect(error?.parameters["path"] == .string(folder("state/lock")))
        #expect(!folder.has("victim"))
    }
}

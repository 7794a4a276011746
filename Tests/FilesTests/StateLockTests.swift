import ErrorModel
import Files
import Foundation
import Glibc
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

    @Test func `an earlier version's lock is heeded while it is held, and closed to that version afterwards`()
        throws
    {
        let state = try StateDirectory(root: folder("state"))
        try folder.write([], to: "state/lock")
        let earlier = open(folder("state/lock"), O_RDWR | O_CLOEXEC)
        #expect(earlier >= 0 && flock(earlier, LOCK_EX | LOCK_NB) == 0)
        _ = refusal(.alreadyExists) { _ = try StateLock(state) }
        // A process that another test is just starting has the descriptor, too.
        #expect(flock(earlier, LOCK_UN) == 0)
        close(earlier)
        let lock = try StateLock(state)
        defer { lock.release() }
        // As earlier versions open it: they must not take the later layout for an empty one.
        #expect(open(folder("state/lock"), O_RDWR | O_CREAT, 0o600) == -1 && errno == EISDIR)
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

internal import ErrorModel
internal import Executors
internal import Synchronization

/// The flushes of a database's log, shared by those who ask for one at the same time.
///
/// They run beside the connection, so that others can read and write meanwhile.
///
/// After a flush that failed, the kernel may drop what it held and report success the next time. That would leave a gap in the
/// log, and SQLite ignores whatever comes after one. So from then on nothing counts as durable until a checkpoint has moved the
/// log's content into the database.
final class LogFlush: Sendable {
    private let flushes: CoalescedRead<Void>
    private let state: State

    private final class State: Sendable {
        let isInDoubt = Mutex(false)
    }

    /// - Parameters:
    ///   - path: the database's.
    ///   - checkpoint: moves the log into the database and empties it; false where another connection prevents that.
    init(of path: String, checkpoint: @escaping @Sendable () async throws -> Bool) {
        let (files, state) = (FileExecutor(label: path + "-flush"), State())
        self.state = state
        flushes = CoalescedRead {
            if state.isInDoubt.withLock({ $0 }) {
                guard try await checkpoint() else {
                    throw SgloradError.storageFailure(
                        path,
                        "its log could not be synchronised, and another program that reads the database prevents the "
                            + "repair. End that program.")
                }
                state.isInDoubt.withLock { $0 = false }
                return
            }
            do throws(SgloradError) {
                try await files.run { () throws(SgloradError) in try WriteAheadLog.synchronise(of: path) }
            } catch {
                state.isInDoubt.withLock { $0 = true }
                throw error
            }
        }
    }

    /// Whether a flush has failed, and what was committed has not been made durable since.
    var isInDoubt: Bool { state.isInDoubt.withLock { $0 } }

    /// Notes that SQLite could not flush the log.
    func doubt() { state.isInDoubt.withLock { $0 = true } }

    /// Makes every transaction durable that was committed before the call.
    func run() async throws { try await flushes.view() }
}

internal import ErrorModel
internal import NIOPosix
internal import Synchronization

/// Threads for what computes or blocks: encoding, generating, hashing, writing files.
///
/// Neither NIO's event loops nor Swift's cooperative pool ever run it.
struct ComputePool: Sendable {
    private let threads: NIOThreadPool

    /// Starts the threads.
    init(threads count: Int) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// Runs `body` on a thread of the pool.
    ///
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    func run<T: Sendable>(_ body: @escaping @Sendable () throws(SgloradError) -> T) async throws(SgloradError)
        -> T
    {
        do {
            return try await threads.runIfActive { try body() }
        } catch let error as SgloradError {
            throw error
        } catch is CancellationError {
            throw .cancelled("the caller stopped waiting")
        } catch {
            throw .cancelled("the daemon is stopping")
        }
    }

    /// Runs a `body` that takes long on a thread of the pool, and lets it know when nobody waits for it any more.
    ///
    /// - Parameter body: is given a function that says whether the task was cancelled; it is to ask often, and to end soon
    ///   where that is so.
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    func runInterruptible<T: Sendable>(
        _ body: @escaping @Sendable (_ isCancelled: @Sendable () -> Bool) throws(SgloradError) -> T
    ) async throws(SgloradError) -> T {
        let cancellation = Cancellation()
        let result: Result<T, SgloradError> = await withTaskCancellationHandler {
            do throws(SgloradError) {
                let value = try await run { () throws(SgloradError) -> T in
                    try body { cancellation.hasCome.load(ordering: .relaxed) }
                }
                return .success(value)
            } catch {
                return .failure(error)
            }
        } onCancel: {
            cancellation.hasCome.store(true, ordering: .relaxed)
        }
        return try result.get()
    }

    /// Set once, from any thread.
    private final class Cancellation: Sendable {
        let hasCome = Atomic<Bool>(false)
    }

    /// Stops the threads once they are idle.
    func shutdown() async {
        try? await threads.shutdownGracefully()
    }
}

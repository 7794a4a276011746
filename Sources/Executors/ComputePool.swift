public import ErrorModel
internal import NIOPosix
internal import Synchronization

/// A thread pool for work that computes for long or blocks: encoding, generating, hashing, writing files.
///
/// Such work must not run on NIO's event loops or in Swift's cooperative pool.
public struct ComputePool: Sendable {
    private let threads: NIOThreadPool

    /// Starts the threads.
    public init(threads count: Int) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// Runs `body` on a thread of the pool.
    ///
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    public func run<T: Sendable>(_ body: @escaping @Sendable () throws(SgloradError) -> T)
        async throws(SgloradError)
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

    /// Runs a long `body` on a thread of the pool and tells it when the task has been cancelled.
    ///
    /// - Parameter body: receives a function that says whether the task was cancelled; it must poll it often
    ///   and return soon after a cancellation.
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    public func runInterruptible<T: Sendable>(
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
    public func shutdown() async {
        try? await threads.shutdownGracefully()
    }
}

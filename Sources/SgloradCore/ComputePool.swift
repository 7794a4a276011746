internal import ErrorModel
internal import NIOPosix

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

    /// Stops the threads once they are idle.
    func shutdown() async {
        try? await threads.shutdownGracefully()
    }
}

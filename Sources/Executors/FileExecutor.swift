internal import Dispatch

/// One thread for blocking file work: writing, synchronising, hashing, mapping and removing files.
///
/// Swift's cooperative pool has one thread per core, and a call that waits for the disk there blocks other
/// tasks. `async` functions therefore do their file work on an executor of this kind, and long computations
/// on a ``ComputePool``.
///
/// The executor is serial: bodies run in the order in which `run` was called. A body that has started is not
/// cancelled with its task, so no file operation is left half done.
public struct FileExecutor: Sendable {
    private let queue: DispatchQueue

    /// - Parameter label: the queue's label, as a debugger shows it.
    public init(label: String = "io.sglorad.files") {
        queue = DispatchQueue(label: label)
    }

    /// Runs `body` on the executor's thread.
    ///
    /// - Throws: what `body` throws.
    public func run<T: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> T
    ) async throws(Failure) -> T {
        let result: Result<T, Failure> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}

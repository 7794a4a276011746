internal import Dispatch
internal import ErrorModel

/// A thread for file operations of the cache's own, one after the other, so that none of them blocks Swift's cooperative pool.
struct DiskQueue: Sendable {
    private let queue = DispatchQueue(label: "io.sglorad.cache.disk")

    /// Runs `body` there.
    func run<T: Sendable>(
        _ body: @escaping @Sendable () throws(SgloradError) -> T
    ) async throws(SgloradError) -> T {
        let result: Result<T, SgloradError> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(SgloradError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}

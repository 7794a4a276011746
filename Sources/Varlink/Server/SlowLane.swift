internal import ErrorModel
internal import Executors

/// Where large messages are parsed, decoded and encoded: threads of their own, on which users take turns, so that the
/// cooperative thread pool stays free for everybody's small ones.
enum SlowLane {
    /// Messages up to this size, in bytes, are parsed and decoded where they arrive.
    static let threshold = 32 << 10

    // Never shut down, as NIO's own event loops.
    private static let threads = TurnPool(threads: 2)

    /// Runs work for a user.
    ///
    /// - Throws: what `body` throws; `CancellationError` if the task was cancelled before its turn came.
    static func run<T: Sendable, Failure: Error>(
        for account: UInt32, _ body: @escaping @Sendable () throws(Failure) -> T
    ) async throws -> T {
        let result: Result<T, Failure>
        do {
            result = try await threads.run(for: account) { () throws(SgloradError) -> Result<T, Failure> in
                do throws(Failure) {
                    return .success(try body())
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw CancellationError()
        }
        return try result.get()
    }
}

/// A reply that takes milliseconds to encode, such as a long list or many numbers.
///
/// A server encodes it on threads of its own.
public protocol SlowlyEncoded: Encodable {}

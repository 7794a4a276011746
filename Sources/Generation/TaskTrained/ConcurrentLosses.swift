internal import Dispatch
internal import ErrorModel
internal import Glibc
internal import Synchronization

/// Losses that are computed at once, at most one per processor in the whole process: each holds the activations of a batch
/// of texts, over 100 MB.
enum ConcurrentLosses {
    private static let cores = DispatchSemaphore(value: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// The results of `body` for 0..<`count`, in that order.
    ///
    /// - Throws: the error of the lowest index that failed.
    static func map<Loss: Sendable>(
        _ count: Int, _ body: @Sendable (Int) throws(SgloradError) -> Loss
    ) throws(SgloradError) -> [Loss] {
        let slots = Mutex([Result<Loss, SgloradError>?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { slot in
            cores.wait()
            defer { cores.signal() }
            let outcome: Result<Loss, SgloradError>
            do throws(SgloradError) { outcome = .success(try body(slot)) } catch { outcome = .failure(error) }
            slots.withLock { $0[slot] = outcome }
        }
        var results: [Loss] = []
        for slot in slots.withLock({ $0 }) { if let slot { results.append(try slot.get()) } }
        return results
    }
}

internal import DurableStorage
internal import ErrorModel
internal import ExpertCache

extension ComputePool {
    /// Reads every file that an inventory speaks of, for as long as the caller waits for it.
    ///
    /// - Throws: `cancelled` if the task was cancelled meanwhile: half of what is wrong must not be taken for the whole.
    func verify(
        _ inventory: CacheInventory, in state: StateDirectory, minimumAge: Double
    ) async throws(SgloradError) -> CacheVerification {
        try await runInterruptible { (isCancelled) throws(SgloradError) -> CacheVerification in
            let found = inventory.verify(
                state, depth: .content, minimumAge: minimumAge, isCancelled: isCancelled)
            if isCancelled() { throw .cancelled("the daemon is stopping") }
            return found
        }
    }
}

internal import CMappingGuard
public import ErrorModel

/// The files that this process has mapped, all together.
///
/// Where a mapped file is truncated, or the disk fails to read it, the numbers that were lost read as zero and the process
/// goes on. What was computed meanwhile must not be used: hold a count from before the computation against one from after.
public enum MappedFiles {
    /// How often content of a mapped file was lost.
    public static var losses: UInt64 { mapping_guard_losses() }

    /// Runs a computation on mapped files, and fails if content of any was lost meanwhile.
    ///
    /// - Throws: what `body` throws; `invalidFile` where content was lost.
    public static func withoutLoss<T>(_ body: () throws(SgloradError) -> T) throws(SgloradError) -> T {
        let before = losses
        let result = try body()
        guard losses == before else { throw .lostContent }
        return result
    }
}

extension SgloradError {
    /// Content of a mapped file was lost during a computation.
    public static var lostContent: SgloradError {
        .invalidFile(
            "a mapped file",
            "it was truncated, or the disk could not read it, while it was in use. 'sglorad-ctl cache verify' says which "
                + "file it is; then try again")
    }
}

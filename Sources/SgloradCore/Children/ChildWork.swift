internal import ErrorModel
internal import Foundation
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The child's side of a child process: works at low priority and reports on standard output.
struct ChildWork<Progress: Codable & Sendable>: Sendable {
    private let last = LastReport()

    /// Runs a piece of work.
    ///
    /// - Returns: the exit status: 0 with the result written, 1 with the failure reported.
    static func run(_ work: (ChildWork) throws(SgloradError) -> Void) -> Int32 {
        // A daemon that was killed leaves no work behind: the next report finds its pipe closed.
        signal(SIGPIPE, SIG_DFL)
        _ = nice(10)
        let child = ChildWork()
        do throws(SgloradError) {
            try work(child)
            child.write(.written)
            return 0
        } catch {
            child.write(.failed(error))
            return 1
        }
    }

    /// Reports progress, at most ten times a second unless it must be known; any thread may call.
    func report(_ progress: Progress, always: Bool) {
        last.instant.withLock { last in
            let now = ContinuousClock.now
            if !always, let before = last, now - before < .milliseconds(100) { return }
            last = now
            write(.progress(progress))
        }
    }

    private func write(_ report: ChildReport<Progress>) {
        guard let line = try? JSONEncoder().encode(report) else { return }
        FileHandle.standardOutput.write(line + Data([0x0A]))
    }

    private final class LastReport: Sendable {
        let instant = Mutex<ContinuousClock.Instant?>(nil)
    }
}

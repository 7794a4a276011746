internal import CLinux
internal import ErrorModel
internal import Foundation
internal import Glibc
internal import Synchronization

/// A report of a child process: one line of JSON on its standard output.
enum ChildReport<Progress: Codable & Sendable>: Codable, Sendable {
    /// The work makes progress.
    case progress(Progress)
    /// The work failed; the last line.
    case failed(SgloradError)
    /// The result is in the job's folder; the last line.
    case written
}

/// The child's side of a child process: works at low priority and reports on standard output.
struct ChildWork<Progress: Codable & Sendable>: Sendable {
    private let last = LastReport()

    /// Runs `work` and reports how it ended.
    ///
    /// - Returns: the exit status: 0 if the result was written, 1 if a failure was reported.
    static func run(_ work: (ChildWork) throws(SgloradError) -> Void) -> Int32 {
        // If the daemon was killed, the next report hits a closed pipe and SIGPIPE ends this process.
        signal(SIGPIPE, SIG_DFL)
        _ = nice(10)
        keepFreedMemory()
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

    /// Lets the allocator keep freed blocks of any size.
    ///
    /// A training takes and frees the same hundreds of megabytes at every step; returning them to the system would cost
    /// a page fault for each page of them. They go back when this process ends.
    private static func keepFreedMemory() {
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, CInt.max)
        mallopt(M_TRIM_THRESHOLD, CInt.max)
    }

    /// Reports progress, at most ten times a second unless `always` is set; callable from any thread.
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

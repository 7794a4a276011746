internal import ErrorModel
internal import Foundation
internal import Subprocess
internal import SystemPackage

/// The daemon's side of a child process: starts it, forwards its reports, and ends it when the task is
/// cancelled.
///
/// Long computations run in separate processes, so that they can be cancelled at any moment, cannot starve
/// the daemon, and return their memory to the system.
struct ChildProcess: Sendable {
    /// The path of the program, normally the daemon's own executable.
    let executable: String

    /// Runs the program until it exits.
    ///
    /// - Parameters:
    ///   - arguments: the program's arguments.
    ///   - progress: called with each report, in order; the next report is not read before it returns.
    /// - Throws: `CancellationError`, the failure that the child reports, or ``Abort`` if it failed without a
    ///   report.
    func run<Progress: Codable & Sendable>(
        _ arguments: [String], progress: @escaping @Sendable (Progress) async throws -> Void
    ) async throws {
        var platform = PlatformOptions()
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .milliseconds(300))]
        let outcome = try await Subprocess.run(
            .path(FilePath(executable)), arguments: Arguments(arguments),
            environment: .inherit.updating([
                "OPENBLAS_NUM_THREADS": "1", "SWIFT_BACKTRACE": "enable=no",
            ]), platformOptions: platform,
            input: .none,
            output: .sequence, error: .string(limit: 65_536)
        ) { execution in
            var failure: SgloradError?
            for try await line in execution.standardOutput.strings() {
                let report = try? JSONDecoder().decode(ChildReport<Progress>.self, from: Data(line.utf8))
                switch report {
                case nil, .written: break
                case .failed(let error): failure = error
                case .progress(let value): try await progress(value)
                }
            }
            return failure
        }
        try Task.checkCancellation()
        if let failure = outcome.closureResult { throw failure }
        guard outcome.terminationStatus.isSuccess else {
            throw Abort(
                reason: "its process ended with \(outcome.terminationStatus): \(outcome.standardError)")
        }
    }

    /// A child process that failed without reporting why.
    struct Abort: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason }
    }
}

internal import ErrorModel
internal import Foundation
internal import Subprocess
internal import SystemPackage

/// The daemon's side of a child process: starts it, passes on what it reports, and ends it when the task is cancelled.
///
/// Long computations run in processes of their own, so that they can be called off at any moment, cannot starve the daemon,
/// and give their memory back to the system.
struct ChildProcess: Sendable {
    /// The program, which is the daemon's own.
    let executable: String

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: the program's arguments.
    ///   - progress: called with each report, in order; reports wait while it runs.
    /// - Throws: `CancellationError`, the failure that the child reports, or ``Abort`` where it ended without one.
    func run<Progress: Codable & Sendable>(
        _ arguments: [String], progress: @escaping @Sendable (Progress) async throws -> Void
    ) async throws {
        var platform = PlatformOptions()
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .milliseconds(300))]
        let outcome = try await Subprocess.run(
            .path(FilePath(executable)), arguments: Arguments(arguments),
            environment: .inherit.updating(["OPENBLAS_NUM_THREADS": "1"]), platformOptions: platform,
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

    /// A child that ended without having said why.
    struct Abort: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason }
    }
}

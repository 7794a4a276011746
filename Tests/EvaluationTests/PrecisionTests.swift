import Evaluation
import Foundation
import TestSupport
import Testing
import TextEncoding

/// What a precision of fewer bits may change of the recall: the gate for its becoming the default.
@Suite(
    "Recall in fewer bits", .enabled(if: Fixture.hasReference, "needs ../shared beside the repository"))
struct PrecisionTests {
    /// Recall at 1 of the held-out tasks, by task and method.
    private static func recall(_ precision: EncoderPrecision) throws -> [String: [String: Double]] {
        let encoder = try SentenceEncoder(folder: Places.model, precision: precision)
        var options = EvaluationOptions()
        options.leaveOut = false
        options.resamples = 100
        options.methods = [.base, .mean, .nearest, .equal, .weighted]
        let library = try Fixture.library(Places.shared + "/zoo", by: encoder)
        let tasks = try Fixture.tasks { $0.split == .heldOut }
        let report = try Fixture.evaluation(library, by: encoder, options: options).run(tasks) { _ in }
        let part = try #require(report.parts.first)
        return Dictionary(
            uniqueKeysWithValues: part.tasks.map { task in
                (task.name, Dictionary(uniqueKeysWithValues: task.figures.map { ($0.method, $0.recallAt1) }))
            })
    }

    @Test(.timeLimit(.minutes(20)), arguments: [EncoderPrecision.bfloat16, .float16])
    func `16 bits move no method's average recall by more than 0.2 points`(
        _ precision: EncoderPrecision
    ) async throws {
        let full = try await onOwnThread { try Self.recall(.float32) }
        let half = try await onOwnThread { try Self.recall(precision) }
        let methods = try #require(full.values.first).keys.sorted()
        for method in methods {
            let differences = full.keys.sorted().compactMap { task in
                full[task]?[method].flatMap { own in half[task]?[method].map { 100 * ($0 - own) } }
            }
            #expect(differences.count == full.count)
            let average = differences.reduce(0, +) / Double(differences.count)
            #expect(abs(average) <= 0.2, "\(method): \(average)")
            if precision == .float16 {
                #expect(differences.allSatisfy { abs($0) <= 0.2 }, "\(method): \(differences)")
            }
            if ProcessInfo.processInfo.environment["SGLORAD_PRINT_DISTANCES"] != nil {
                print("\(precision.rawValue), \(method): average \(average) points, tasks \(differences)")
            }
        }
    }
}

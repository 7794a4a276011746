import Evaluation
import Foundation
import Testing

/// The prototype's figures in `../shared/reference/recall.json`, made with Python on the same experts.
///
/// Six of the ten held-out tasks come out as in the reference, query by query. The four of WordNet's nouns do not, and
/// not for the base model without any adapter either (wn-reptiles: 16 of 87 here, 23 there): their texts in `tasks/` are
/// not those that the reference was measured with. So the six are held to the digit, and the average of all to what
/// the four leave open.
@Suite(.enabled(if: Places.hasReference, "needs ../shared beside the repository"))
struct ReferenceTests {
    private struct Reference: Decodable {
        var average: [String: Double]
        var tasks: [String: [String: Double]]
    }

    /// The tasks whose texts are others than the reference's.
    private static let otherTexts: Set = ["wn-edible-fruit", "wn-reptiles", "wn-scientists", "wn-symptoms"]

    /// What the reference calls the methods.
    private static let names = [
        "base": "base", "mean": "mean", "nearest": "nearest", "equal": "equal K=4",
        "weighted": "weighted K=4 tau=0.05",
    ]

    @Test(.timeLimit(.minutes(10)))
    func methodsComeOutAsInTheReference() throws {
        let reference = try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: URL(filePath: Places.shared + "/reference/recall.json")))
        let tasks = try Fixture.tasks { $0.split == .heldOut }
        #expect(Set(tasks.map(\.name)) == Set(reference.tasks.keys))
        var options = EvaluationOptions()
        options.leaveOut = false
        options.resamples = 100
        options.methods = [.base, .mean, .nearest, .equal, .weighted]
        let library = try Fixture.library(Places.shared + "/zoo")
        let report = try Fixture.evaluation(library, options: options).run(tasks) { _ in }
        let part = try #require(report.parts.first)
        for task in part.tasks where !Self.otherTexts.contains(task.name) {
            for figures in task.figures {
                let name = try #require(Self.names[figures.method])
                let wanted = try #require(reference.tasks[task.name]?[name])
                // The reference has four digits.
                #expect(abs(figures.recallAt1 - wanted) < 1e-4, "\(task.name) \(figures.method)")
            }
        }
        for method in part.groups[0].methods {
            let name = try #require(Self.names[method.method])
            let wanted = try #require(reference.average[name])
            // Measured: base 0.0055, mean 0.0025, nearest 0.0067, equal 0.0157, weighted 0.0105, all of the four tasks.
            #expect(abs(method.recallAt1.mean - wanted) < 0.02, "\(method.method): \(method.recallAt1.mean)")
        }
    }
}

import ErrorModel
import Generation
import LinearAlgebra
import LowRank
import TestSupport
import Testing
import TextEncoding

@testable import Evaluation

/// Refinement with answered examples, on the real encoder and experts.
@Suite("Refinement", .needsModel)
struct RefinementTests {
    private static let labels = ["sparrow", "trout", "eagle", "salmon", "hawk", "perch"]
    private static let examples = [
        ("a small brown bird", "sparrow"), ("a large bird of prey", "eagle"),
        ("a fish of cold rivers", "trout"),
        ("a fish that returns to its river to spawn", "salmon"), ("a bird of prey with short wings", "hawk"),
        ("a freshwater fish with spines", "perch"), ("it hops about in the garden", "sparrow"),
        ("it swims up waterfalls", "salmon"), ("it is on many coats of arms", "eagle"),
    ]

    private let library: Library
    private let examples: AnsweredExamples

    init() throws {
        library = try Fixture.library(Fixture.exampleExperts) { ["wn-birds", "wn-fish"].contains($0) }
        examples = AnsweredExamples(
            encoder: try Fixture.encoder.get(), examples: Self.examples.map { ($0, $1) }, labels: Self.labels)
    }

    private func refine(
        seed: UInt64 = 7, within time: Duration = .seconds(3600), isCancelled: () -> Bool = { false }
    ) throws -> Refinement.Outcome {
        try Refinement(encoder: try Fixture.encoder.get(), layout: library.layout, examples: examples)
            .run(from: library.experts[0].mean.array, seed: seed, within: time, isCancelled: isCancelled)
    }

    private func loss(_ parameters: [Float]) throws -> Float {
        let adapter = LoRAAdapter(layout: library.layout, parameters: parameters)
        let encoder = try Fixture.encoder.get()
        return try LabelEmbeddings(examples.labels, by: encoder, with: adapter)
            .loss(of: examples.examples, by: encoder, with: adapter)
    }

    @Test func `it learns the examples, and keeps the adapter with the lowest loss`() throws {
        let outcome = try refine()
        #expect(outcome.steps == Refinement.steps && !outcome.isOutOfTime)
        let start = library.experts[0].mean.array
        #expect(outcome.kept > 0 && outcome.parameters != start)
        let (before, after) = (try loss(start), try loss(outcome.parameters))
        #expect(after < before / 2, "\(before) to \(after)")
    }

    @Test func `labels that are easily taken for an answer are the nearest ones beside the answers`() throws {
        let start = LoRAAdapter(layout: library.layout, parameters: library.experts[0].mean.array)
        let labels = try LabelEmbeddings(
            examples.labels, by: try Fixture.encoder.get(), with: start)
        let nearest = labels.nearest(to: [0, 2], count: 3)
        func cosine(_ one: Int, _ other: Int) -> Float {
            zip(labels.values[one], labels.values[other]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        func highest(_ label: Int) -> Float { max(cosine(label, 0), cosine(label, 2)) }
        let wanted = [1, 3, 4, 5].sorted { highest($0) > highest($1) }
        #expect(nearest == Array(wanted.prefix(3)))
        #expect(labels.nearest(to: [0, 1, 2, 3, 4, 5], count: 3).isEmpty)
        #expect(labels.nearest(to: [0], count: 99).count == 5)
    }

    @Test func `the same examples and seed give the same bits`() throws {
        let (one, other) = (try refine(), try refine())
        #expect(one.parameters == other.parameters && one.kept == other.kept)
    }

    @Test func `the gradient of the halves is that of the whole batch`() throws {
        let encoder = try Fixture.encoder.get()
        let start = LoRAAdapter(layout: library.layout, parameters: library.experts[0].mean.array)
        let labels = try LabelEmbeddings(examples.labels, by: encoder, with: start)
        let batch = Array(examples.examples.prefix(3))
        let live = Set(batch.map(\.answer)).sorted() + [5]
        let halves = try ExampleGradient(
            of: batch, live: live, among: labels, with: examples.labels, by: encoder, adapter: start
        ).values
        // By hand: one tape over everything, the labels that are not live held fixed.
        let tape = try encoder.record(live.map { examples.labels[$0] } + batch.map(\.text), adapter: start)
        var all = labels.values
        for (place, label) in live.enumerated() { all[label] = tape.embeddings[place] }
        let (_, gradients) = ContrastiveObjective.crossEntropy(
            all + tape.embeddings[live.count...], texts: all.count, answers: batch.map(\.answer))
        let whole = encoder.gradient(
            tape, byEmbeddings: live.map { gradients[$0] } + gradients[all.count...], adapter: start)
        let scale = whole.map(abs).max() ?? 0
        #expect(scale > 0 && zip(halves, whole).allSatisfy { abs($0 - $1) < 1e-4 * scale })
    }

    @Test func `without time nothing is computed, and the start is kept`() throws {
        let outcome = try refine(within: .zero)
        #expect(outcome.steps == 0 && outcome.kept == 0 && outcome.isOutOfTime)
        #expect(outcome.parameters == library.experts[0].mean.array)
    }

    @Test func `a cancellation ends it before the next step`() throws {
        let error = #expect(throws: SgloradError.self) { _ = try refine(isCancelled: { true }) }
        #expect(error?.code == .cancelled)
    }

    @Test func `too few answers, or only one, are an obstacle`() throws {
        let encoder = try Fixture.encoder.get()
        let three = AnsweredExamples(
            encoder: encoder, examples: Self.examples.prefix(3).map { ($0, $1) }, labels: Self.labels)
        #expect(three.obstacle?.contains("4 are needed") == true)
        let alike = AnsweredExamples(
            encoder: encoder, examples: (0..<5).map { ("text \($0)", "sparrow") }, labels: [])
        #expect(alike.obstacle?.contains("only one answer") == true && alike.labelCount == 1)
        #expect(examples.obstacle == nil && examples.labelCount == 6)
    }
}

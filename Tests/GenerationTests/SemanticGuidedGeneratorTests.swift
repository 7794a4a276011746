import ErrorModel
import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import TestSupport
import Testing

@Suite("SemanticGuidedGenerator")
struct SemanticGuidedGeneratorTests {
    @Test(arguments: 1...4) func `an untrained generator gives the merge, bit for bit`(
        seed: UInt64
    ) throws {
        let library = try randomLibrary(seed: seed)
        var plan = smallPlan(steps: 1)
        // So low that no update is larger than the rounding error of single precision.
        plan.learningRate = 1e-30
        let generator = try trainedGenerator(library, plan: plan)
        for expert in library.experts {
            let guides = neighbourhood(in: library, to: expert.embedding)
            let made = try generator.parameters(guidedBy: guides, in: library, seed: seed)
            let merged = try WeightedGenerator().parameters(guidedBy: guides, in: library, seed: seed)
            #expect(made.map(\.bitPattern) == merged.map(\.bitPattern))
        }
    }

    @Test func `different seeds give different adapters, the same seed the same`() throws {
        let library = try randomLibrary()
        let generator = try trainedGenerator(library, plan: smallPlan(steps: 200))
        let guides = neighbourhood(in: library, to: library.experts[2].embedding)
        var made: Set<[UInt32]> = []
        for seed in [0, 1, 2, UInt64.max] {
            let adapter = try generator.parameters(guidedBy: guides, in: library, seed: seed)
            #expect(adapter.count == library.layout.parameterCount)
            #expect(try adapter == generator.parameters(guidedBy: guides, in: library, seed: seed))
            made.insert(adapter.map(\.bitPattern))
        }
        #expect(made.count == 4)
    }

    @Test func `the correction lies in the span of the library's checkpoints`() throws {
        let library = try randomLibrary(experts: 4, checkpoints: 2)
        let generator = try trainedGenerator(library, plan: smallPlan(steps: 200))
        let samples = library.experts.flatMap(\.checkpoints).map(\.array)
        let guides = neighbourhood(in: library, to: library.experts[0].embedding)
        let merged = try WeightedGenerator().parameters(guidedBy: guides, in: library, seed: 0)
        let made = try generator.parameters(guidedBy: guides, in: library, seed: 0)
        #expect(farthest(made, merged) > 1e-4)
        // The correction is a combination of the checkpoints' differences: its projection out of their span
        // is zero.
        let rest = outside(zip(made, merged).map { $0 - $1 }, of: samples)
        #expect(farthest(rest, [Float](repeating: 0, count: rest.count)) < 1e-5)
    }

    /// The part of a vector outside the span of the samples' differences, by Gram-Schmidt orthogonalisation.
    private func outside(_ vector: [Float], of samples: [[Float]]) -> [Float] {
        func without(_ x: [Double], _ basis: [[Double]]) -> [Double] {
            basis.reduce(x) { rest, axis in
                let share = zip(rest, axis).reduce(0) { $0 + $1.0 * $1.1 }
                return zip(rest, axis).map { $0 - share * $1 }
            }
        }
        var basis: [[Double]] = []
        for sample in samples.dropFirst() {
            let rest = without(zip(sample, samples[0]).map { Double($0 - $1) }, basis)
            let norm = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            if norm > 1e-6 { basis.append(rest.map { $0 / norm }) }
        }
        return without(vector.map(Double.init), basis).map { Float($0) }
    }

    @Test func `a library other than the snapshot is refused`() throws {
        let library = try randomLibrary()
        let generator = try trainedGenerator(library, plan: smallPlan(steps: 1))
        let guides = neighbourhood(in: library, to: library.experts[0].embedding)
        let fewer = Library(layout: library.layout, experts: Array(library.experts.dropLast()))
        let more = try randomLibrary(experts: 7)
        let other = Library(
            layout: try AdapterLayout(sites: library.layout.sites, rank: 2, scale: 1),
            experts: library.experts)
        for wrong in [fewer, more, other] {
            _ = refusal(.internal) { try generator.parameters(guidedBy: guides, in: wrong, seed: 0) }
        }
    }
}

@Suite("Relevance of a generator's guidance")
struct RelevanceFadeTests {
    @Test func `far below the threshold only the library's mean is left`() throws {
        let library = try randomLibrary(experts: 8)
        let generator = try trainedGenerator(library)
        var away = [Float](repeating: 0, count: 8)
        for expert in library.experts { for place in 0..<8 { away[place] -= expert.embedding[place] } }
        let far = generator.neighbourhood(of: unit(away), in: library)
        let nearest = library.index.proximities(to: unit(away), by: .plain).max() ?? 1
        try #require(nearest < 0.6 * generator.record.threshold)
        #expect(far.relevance == 0)
        let mean = try MeanGenerator().parameters(guidedBy: far, in: library, seed: 0)
        let made = try generator.parameters(guidedBy: far, in: library, seed: 3)
        for (one, other) in zip(mean, made) { #expect(abs(one - other) < 1e-5) }
    }

    @Test func `between 0.6 of the threshold and the threshold, guidance fades linearly`() throws {
        let library = try randomLibrary(experts: 8)
        var generator = try trainedGenerator(library)
        let embedding = library.experts[3].embedding
        for (threshold, relevance) in [(Float(0.5), Float(1)), (1, 1)] {
            generator.record.threshold = threshold
            let found = generator.neighbourhood(of: embedding, in: library).relevance
            #expect(abs(found - relevance) < 1e-5)
        }
        // 0.8 of the threshold is midway between 0.6 and 1.
        var tilted = embedding
        for place in tilted.indices { tilted[place] *= 0.8 }
        generator.record.threshold = 1
        let nearest = library.index.proximities(to: tilted, by: .plain).max() ?? 0
        let half = generator.neighbourhood(of: tilted, in: library).relevance
        #expect(abs(half - (nearest - 0.6) / 0.4) < 1e-5)
        #expect(half > 0.4 && half < 0.6)
    }
}

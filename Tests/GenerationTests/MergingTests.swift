import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Testing

@Suite("Merging strategies")
struct MergingTests {
    private func expectEqual(_ made: [Float], _ expected: (Int) -> Double) {
        for (place, value) in made.enumerated() { #expect(abs(Double(value) - expected(place)) < 1e-6) }
    }

    @Test(arguments: 1...6) func `weighted is the weighted mean of the neighbourhood`(seed: UInt64) throws {
        let library = try randomLibrary(seed: seed)
        let options = try GuidanceOptions(topK: 3, temperature: 0.2, measure: .plain)
        let guides = neighbourhood(in: library, to: library.experts[1].embedding, options: options)
        try #require(guides.members.count == 3)
        let made = try WeightedGenerator().parameters(guidedBy: guides, in: library, seed: 0)
        #expect(made.count == library.layout.parameterCount)
        let means = library.experts.map(\.mean.array)
        expectEqual(made) { place in
            guides.members.reduce(0) { $0 + Double($1.weight) * Double(means[$1.expert][place]) }
        }
    }

    @Test func `nearest is the mean of the nearest expert`() throws {
        let library = try randomLibrary()
        let guides = neighbourhood(in: library, to: library.experts[4].embedding)
        let made = try NearestGenerator().parameters(guidedBy: guides, in: library, seed: 0)
        #expect(made == library.experts[4].mean.array)
    }

    @Test func `mean is that of all experts, whatever the neighbourhood`() throws {
        let library = try randomLibrary()
        let means = library.experts.map(\.mean.array)
        let made = try library.experts.map { expert in
            try MeanGenerator().parameters(
                guidedBy: neighbourhood(in: library, to: expert.embedding), in: library, seed: 0)
        }
        for adapter in made { #expect(adapter == made[0]) }
        expectEqual(made[0]) { place in means.reduce(0) { $0 + Double($1[place]) } / Double(means.count) }
    }

    @Test func `merges do not depend on the seed`() throws {
        let library = try randomLibrary()
        let guides = neighbourhood(in: library, to: library.experts[0].embedding)
        for strategy: any AdapterGenerator in [WeightedGenerator(), NearestGenerator(), MeanGenerator()] {
            #expect(
                try strategy.parameters(guidedBy: guides, in: library, seed: 1)
                    == strategy.parameters(guidedBy: guides, in: library, seed: 2))
        }
    }

}

import Foundation
import LinearAlgebra
import SemanticGuidance
import Testing

@Suite("Neighbourhood")
struct NeighbourhoodTests {
    private func options(_ topK: Int, _ temperature: Float = 0.1) throws -> GuidanceOptions {
        try GuidanceOptions(topK: topK, temperature: temperature, measure: .plain)
    }

    @Test(arguments: 1...10)
    func `the K nearest experts guide, nearest first, weighted by a softmax over those K`(
        seed: UInt64
    ) throws {
        var random = CounterRandom(seed: seed)
        let proximities = (0..<40).map { _ in 2 * random.uniform() - 1 }
        let topK = 1 + random.below(40)
        let temperature = [0.01, 0.05, 0.1, 1, 50][random.below(5)] as Float
        let members = Neighbourhood(
            proximities: proximities, options: try options(topK, temperature)
        ).members
        let nearest = proximities.indices.sorted { proximities[$0] > proximities[$1] }.prefix(topK)
        #expect(members.map(\.expert) == Array(nearest))
        #expect(members.map(\.proximity) == nearest.map { proximities[$0] })
        let shares = nearest.map { exp(Double(proximities[$0]) / Double(temperature)) }
        let total = shares.reduce(0, +)
        for (member, share) in zip(members, shares) {
            #expect(abs(Double(member.weight) - share / total) < 1e-6)
        }
        #expect(abs(members.reduce(0.0) { $0 + Double($1.weight) } - 1) < 1e-6)
        #expect(zip(members, members.dropFirst()).allSatisfy { $0.weight >= $1.weight })
    }

    @Test func `equal proximities keep the library's order and have equal weights`() throws {
        let members = Neighbourhood(
            proximities: [0.5, 0.7, 0.5, 0.7, 0.5], options: try options(4)
        ).members
        #expect(members.map(\.expert) == [1, 3, 0, 2])
        #expect(members[0].weight == members[1].weight && members[2].weight == members[3].weight)
    }

    @Test func `an excluded expert does not guide, and the next nearest takes its place`() throws {
        let proximities: [Float] = [0.9, 0.8, 0.7, 0.6]
        let members = Neighbourhood(
            proximities: proximities, options: try options(2), excluding: [0, 2, 99]
        ).members
        #expect(members.map(\.expert) == [1, 3])
        // Excluded experts do not contribute to the softmax either.
        let alone = Neighbourhood(proximities: [0.8, 0.6], options: try options(2)).members
        #expect(members.map(\.weight) == alone.map(\.weight))
    }

    @Test func `with fewer than K experts, all of them guide`() throws {
        let members = Neighbourhood(proximities: [0.1, 0.3], options: try options(1024)).members
        #expect(members.map(\.expert) == [1, 0])
        #expect(abs(members.reduce(0) { $0 + $1.weight } - 1) < 1e-6)
    }

    @Test func `without eligible experts the neighbourhood is empty`() throws {
        #expect(Neighbourhood(proximities: [], options: try options(4)).members.isEmpty)
        let none = Neighbourhood(proximities: [0.1, 0.2], options: try options(4), excluding: [0, 1])
        #expect(none.members.isEmpty)
    }

    @Test func `a low temperature weights the nearest only, a high one all equally, without overflow`()
        throws
    {
        let proximities: [Float] = [1, 0.9, -1]
        let cold = Neighbourhood(proximities: proximities, options: try options(3, 1e-4)).members
        #expect(cold.map(\.weight) == [1, 0, 0])
        let hot = Neighbourhood(proximities: proximities, options: try options(3, 1e4)).members
        #expect(hot.allSatisfy { abs($0.weight - 1 / 3) < 1e-4 })
    }

    @Test func `the index ranks by the measure of the options`() throws {
        let index = ExpertIndex(embeddings: [[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]])
        let query: [Float] = [0.6, 0.8, 0]
        for measure in ProximityMeasure.allCases {
            let options = try GuidanceOptions(topK: 2, temperature: 0.1, measure: measure)
            let proximities = index.proximities(to: query, by: measure)
            #expect(
                index.neighbourhood(of: query, options: options, excluding: [1])
                    == Neighbourhood(proximities: proximities, options: options, excluding: [1]))
        }
    }
}

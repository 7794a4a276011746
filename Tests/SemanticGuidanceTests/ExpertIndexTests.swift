import LinearAlgebra
import SemanticGuidance
import Testing

@Suite("ExpertIndex")
struct ExpertIndexTests {
    @Test(arguments: 1...8) func `plain proximity is the cosine`(seed: UInt64) {
        let experts = unitVectors(7, dimension: 24, seed: seed)
        let query = unitVectors(1, dimension: 24, seed: seed + 100)[0]
        let index = ExpertIndex(embeddings: experts)
        #expect(index.count == 7 && index.dimension == 24)
        let proximities = index.proximities(to: query, by: .plain)
        #expect(proximities.count == 7)
        for (expert, proximity) in zip(experts, proximities) {
            #expect(abs(Double(proximity) - cosine(expert.map(Double.init), query.map(Double.init))) < 1e-6)
        }
    }

    @Test(arguments: 1...8) func `centred proximity is the cosine once the library's mean is gone`(
        seed: UInt64
    ) {
        // Descriptions of one library resemble each other: a common part, and a small one of their own.
        let common = unitVectors(1, dimension: 24, seed: seed + 200)[0]
        let all = unitVectors(8, dimension: 24, seed: seed).map { own in
            unit(zip(common, own).map { $0 + 0.4 * $1 })
        }
        let (experts, query) = (Array(all.dropLast()), all[7])
        let centre = (0..<24).map { place in
            experts.reduce(0) { $0 + Double($1[place]) } / Double(experts.count)
        }
        func centred(_ vector: [Float]) -> [Double] { zip(vector, centre).map { Double($0) - $1 } }
        let index = ExpertIndex(embeddings: experts)
        let proximities = index.proximities(to: query, by: .centred)
        for (expert, proximity) in zip(experts, proximities) {
            #expect(abs(Double(proximity) - cosine(centred(expert), centred(query))) < 1e-5)
        }
        // What they have in common no longer makes everything near.
        let plain = index.proximities(to: query, by: .plain)
        #expect(plain.allSatisfy { $0 > 0.5 })
        #expect(proximities.contains { $0 < 0 })
    }

    @Test func `an expert's own description is the nearest, at 1, by either measure`() throws {
        let experts = unitVectors(5, dimension: 16, seed: 3)
        let index = ExpertIndex(embeddings: experts)
        for measure in ProximityMeasure.allCases {
            for (place, expert) in experts.enumerated() {
                let proximities = index.proximities(to: expert, by: measure)
                #expect(abs(proximities[place] - 1) < 1e-6)
                #expect(proximities.max() == proximities[place])
            }
        }
    }

    @Test func `a library of one expert is its own centre: nothing is left to tell apart`() {
        let expert = unitVectors(1, dimension: 16, seed: 4)[0]
        let index = ExpertIndex(embeddings: [expert])
        #expect(abs(index.proximities(to: expert, by: .plain)[0] - 1) < 1e-6)
        for query in [expert] + unitVectors(3, dimension: 16, seed: 5) {
            #expect(index.proximities(to: query, by: .centred) == [0])
        }
    }

    @Test func `a library without experts is near to nothing`() {
        let index = ExpertIndex(embeddings: [])
        #expect(index.count == 0)
        #expect(index.proximities(to: [1, 0], by: .plain).isEmpty)
        #expect(index.proximities(to: [1, 0], by: .centred).isEmpty)
    }

    @Test func `rounding never carries a proximity beyond 1 or under -1`() {
        // A quarter per mille too long: what half precision makes of a unit vector.
        let long = unitVectors(1, dimension: 16, seed: 6)[0].map { $0 * 1.00025 }
        let index = ExpertIndex(embeddings: [long, long.map { -$0 }])
        #expect(index.proximities(to: long, by: .plain) == [1, -1])
        #expect(index.proximities(to: long, by: .centred).allSatisfy { (-1...1).contains($0) })
    }

    @Test func `a plain proximity does not depend, in any bit, on how many experts there are`() {
        let experts = unitVectors(33, dimension: 384, seed: 7)
        let query = unitVectors(1, dimension: 384, seed: 8)[0]
        let together = ExpertIndex(embeddings: experts).proximities(to: query, by: .plain)
        let alone = experts.flatMap { ExpertIndex(embeddings: [$0]).proximities(to: query, by: .plain) }
        #expect(together == alone)
    }
}

import LinearAlgebra
import SemanticGuidance
import Testing

/// Random vectors of length 1.
private func unitVectors(_ count: Int, dimension: Int, seed: UInt64) -> [[Float]] {
    var random = CounterRandom(seed: seed)
    return (0..<count).map { _ in unit(random.gaussians(dimension)) }
}

/// The vector scaled to length 1.
private func unit(_ vector: [Float]) -> [Float] {
    let norm = Float(vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
    return vector.map { $0 / norm }
}

/// The cosine of two vectors in double precision; 0 if one of them is zero.
private func cosine(_ first: [Double], _ second: [Double]) -> Double {
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let norms = (dot(first, first) * dot(second, second)).squareRoot()
    return norms > 0 ? dot(first, second) / norms : 0
}

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

    @Test(arguments: 1...8) func `centred proximity is the cosine after the library's mean is subtracted`(
        seed: UInt64
    ) {
        // Embeddings with a large common part and a small part of their own, as descriptions of one library
        // have.
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
        // The common part no longer makes every expert near.
        let plain = index.proximities(to: query, by: .plain)
        #expect(plain.allSatisfy { $0 > 0.5 })
        #expect(proximities.contains { $0 < 0 })
    }

    @Test func `an expert is nearest to its own description, with proximity 1, by either measure`() throws {
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

    @Test func `in a library of one expert every centred proximity is 0`() {
        let expert = unitVectors(1, dimension: 16, seed: 4)[0]
        let index = ExpertIndex(embeddings: [expert])
        #expect(abs(index.proximities(to: expert, by: .plain)[0] - 1) < 1e-6)
        for query in [expert] + unitVectors(3, dimension: 16, seed: 5) {
            #expect(index.proximities(to: query, by: .centred) == [0])
        }
    }

    @Test func `an empty library gives no proximities`() {
        let index = ExpertIndex(embeddings: [])
        #expect(index.count == 0)
        #expect(index.proximities(to: [1, 0], by: .plain).isEmpty)
        #expect(index.proximities(to: [1, 0], by: .centred).isEmpty)
    }

    @Test func `proximities are clamped to -1...1`() {
        // Too long by 0.025 %, as a unit vector can be in half precision.
        let long = unitVectors(1, dimension: 16, seed: 6)[0].map { $0 * 1.00025 }
        let index = ExpertIndex(embeddings: [long, long.map { -$0 }])
        #expect(index.proximities(to: long, by: .plain) == [1, -1])
        #expect(index.proximities(to: long, by: .centred).allSatisfy { (-1...1).contains($0) })
    }

    @Test func `a plain proximity does not depend in any bit on the number of experts`() {
        let experts = unitVectors(33, dimension: 384, seed: 7)
        let query = unitVectors(1, dimension: 384, seed: 8)[0]
        let together = ExpertIndex(embeddings: experts).proximities(to: query, by: .plain)
        let alone = experts.flatMap { ExpertIndex(embeddings: [$0]).proximities(to: query, by: .plain) }
        #expect(together == alone)
    }
}

import LinearAlgebra
import LowRank
import Testing

/// The compressed sum compared with the dense one: by the Eckart–Young theorem no adapter of that rank can be
/// nearer.
@Suite("Sums of ΔW") struct LowRankSumTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        let inFeatures: Int
        let outFeatures: Int
        let rank: Int
        let terms: Int
        var testDescription: String { "\(inFeatures) → \(outFeatures), rank \(rank), \(terms) terms" }
        var site: Site { Site(path: "a", inFeatures: inFeatures, outFeatures: outFeatures) }
    }

    static let shapes = [
        Shape(inFeatures: 7, outFeatures: 5, rank: 2, terms: 3),
        Shape(inFeatures: 4, outFeatures: 9, rank: 3, terms: 4),
        Shape(inFeatures: 6, outFeatures: 6, rank: 1, terms: 1),
        // More stacked rows than features: both Gram matrices are singular.
        Shape(inFeatures: 3, outFeatures: 4, rank: 4, terms: 3),
        Shape(inFeatures: 1, outFeatures: 1, rank: 2, terms: 2),
    ]

    @Test(arguments: shapes, [1 as UInt64, 2, 3])
    func `the sum is the best approximation of its rank`(_ shape: Shape, _ seed: UInt64) throws {
        let layout = try AdapterLayout(sites: [shape.site], rank: shape.rank, scale: 2)
        var random = CounterRandom(seed: seed)
        let terms = (0..<shape.terms).map { place in
            LowRankSum.Term(
                weight: place == 1 ? -0.4 : 0.1 + random.uniform(),
                parameters: FloatVector(random.gaussians(layout.parameterCount)))
        }
        let wanted = Self.dense(terms, layout)
        let sum = try LowRankSum.compressed(terms, on: layout)
        let got = Self.dense([.init(weight: 1, parameters: FloatVector(sum))], layout)
        let error = zip(wanted, got).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let singular = try Self.squaredSingularValues(wanted, shape)
        let least = singular.dropFirst(shape.rank).reduce(0) { $0 + max(0, $1) }
        #expect(error <= least * (1 + 1e-4) + 1e-9 * singular[0], "error \(error), optimum \(least)")
        #expect(error >= least * (1 - 1e-4) - 1e-9 * singular[0])
        // A and B contribute equally to each rank-one term.
        for place in 0..<shape.rank {
            let a = (0..<shape.inFeatures).map { sum[place * shape.inFeatures + $0] }
            let offset = shape.rank * shape.inFeatures
            let b = (0..<shape.outFeatures).map { sum[offset + $0 * shape.rank + place] }
            let (normA, normB) = (a.reduce(0) { $0 + $1 * $1 }, b.reduce(0) { $0 + $1 * $1 })
            #expect(abs(normA - normB) <= 1e-3 * max(normA, normB) + 1e-6)
        }
    }

    @Test func `a single adapter keeps its ΔW`() throws {
        let sites = [
            Site(path: "a", inFeatures: 12, outFeatures: 8), Site(path: "b", inFeatures: 5, outFeatures: 9),
        ]
        let layout = try AdapterLayout(sites: sites, rank: 3, scale: 1)
        var random = CounterRandom(seed: 5)
        let term = LowRankSum.Term(
            weight: 1, parameters: FloatVector(random.gaussians(layout.parameterCount)))
        let sum = try LowRankSum.compressed([term], on: layout)
        let got = Self.dense([.init(weight: 1, parameters: FloatVector(sum))], layout)
        for (first, second) in zip(Self.dense([term], layout), got) { #expect(abs(first - second) < 1e-4) }
    }

    @Test func `the sum of zeros, and of nothing, is zero`() throws {
        let layout = try AdapterLayout(
            sites: [Site(path: "a", inFeatures: 3, outFeatures: 3)], rank: 2, scale: 1)
        let zero = LowRankSum.Term(
            weight: 1, parameters: FloatVector([Float](repeating: 0, count: layout.parameterCount)))
        #expect(try LowRankSum.compressed([zero, zero], on: layout).allSatisfy { $0 == 0 })
        #expect(try LowRankSum.compressed([], on: layout).allSatisfy { $0 == 0 })
    }

    /// Σ w B A of every site, concatenated.
    private static func dense(_ terms: [LowRankSum.Term], _ layout: AdapterLayout) -> [Double] {
        var result: [Double] = []
        for slice in layout.slices {
            var delta = [Double](repeating: 0, count: slice.site.outFeatures * slice.site.inFeatures)
            for term in terms {
                let (a, b) = (term.parameters[slice.a].array, term.parameters[slice.b].array)
                for row in 0..<slice.site.outFeatures {
                    for column in 0..<slice.site.inFeatures {
                        for place in 0..<layout.rank {
                            delta[row * slice.site.inFeatures + column] +=
                                Double(term.weight) * Double(b[row * layout.rank + place])
                                * Double(a[place * slice.site.inFeatures + column])
                        }
                    }
                }
            }
            result += delta
        }
        return result
    }

    private static func squaredSingularValues(_ dense: [Double], _ shape: Shape) throws -> [Double] {
        let n = shape.inFeatures
        var gram = [Double](repeating: 0, count: n * n)
        for first in 0..<n {
            for second in 0..<n {
                for row in 0..<shape.outFeatures {
                    gram[first * n + second] += dense[row * n + first] * dense[row * n + second]
                }
            }
        }
        return try SymmetricEigen(gram, order: n).values
    }
}

import ErrorModel
import LinearAlgebra
import LowRank
import Testing

@Suite("Sums of ΔW are independent of the gauge")
struct GaugeFreeSumTests {
    private let layout: AdapterLayout

    init() throws { layout = try AdapterLayout(sites: SyntheticExperts.sites, rank: 4, scale: 2) }

    private func merged(_ experts: [[SiteFactors]], weights: [Float]) throws -> [SiteFactors] {
        let terms = try zip(weights, experts).map {
            LowRankSum.Term(weight: $0, parameters: FloatVector(try layout.place($1).parameters))
        }
        return LoRAAdapter(layout: layout, parameters: try LowRankSum.compressed(terms, on: layout)).factors
    }

    @Test(arguments: 1...6)
    func `a change of gauge does not change the sum, even with A a million times as large as B`(seed: UInt64)
        throws
    {
        let experts = (1...3).map { SyntheticExperts(seed: $0).expert(seed: $0) }
        let scrambled = experts.enumerated().map { index, expert in
            Scrambling(rank: 4, sites: 2, seed: seed * 3 + UInt64(index)).scrambled(expert)
        }
        let weights: [Float] = [0.5, 0.8, -0.3]
        #expect(
            relativeDifference(
                try merged(scrambled, weights: weights), try merged(experts, weights: weights)) < 1e-4)
    }

    @Test(arguments: 1...3)
    func `the approximation is optimal: its error is that of the dropped singular values`(seed: UInt64) throws
    {
        let experts = (0..<3).map { SyntheticExperts(seed: seed + $0).expert(seed: seed) }
        let weights: [Float] = [0.5, 0.3, -0.2]
        for (site, found) in try merged(experts, weights: weights).enumerated() {
            var sum = DoubleMatrix(rows: found.site.outFeatures, columns: found.site.inFeatures)
            for (weight, expert) in zip(weights, experts) {
                let product = change(expert[site])
                for index in sum.values.indices {
                    sum.values[index] += Double(weight) * product.values[index]
                }
            }
            let error = zip(change(found).values, sum.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            let gram = sum.multiplied(by: sum, transposeSelf: true)
            let left = try SymmetricEigen(gram.values, order: gram.rows).values.dropFirst(4)
                .reduce(0) { $0 + max($1, 0) }
            #expect(abs(error - left) < 1e-5 * sum.squaredNorm)
        }
    }
}

import ErrorModel
import LinearAlgebra
import LowRank
import Testing

@Suite("Placing factors on a layout")
struct PlacingTests {
    private let query = Site(path: "query", inFeatures: 6, outFeatures: 5)
    private let value = Site(path: "value", inFeatures: 4, outFeatures: 7)

    private func factors(_ site: Site, rank: Int, scale: Float, seed: UInt64 = 1) -> SiteFactors {
        var random = CounterRandom(seed: seed)
        return SiteFactors(
            site: site, rank: rank, scale: scale, a: random.gaussians(rank * site.inFeatures),
            b: random.gaussians(rank * site.outFeatures))
    }

    /// scale·B·A, `[out, in]`.
    private func change(_ site: Site, rank: Int, scale: Float, a: [Float], b: [Float]) -> [Double] {
        (0..<site.outFeatures * site.inFeatures).map { index in
            let (row, column) = (index / site.inFeatures, index % site.inFeatures)
            return (0..<rank).reduce(0.0) {
                $0 + Double(b[row * rank + $1]) * Double(a[$1 * site.inFeatures + column])
            } * Double(scale)
        }
    }

    private func mismatch(_ layout: AdapterLayout, _ factors: [SiteFactors]) -> SgloradError? {
        let error = #expect(throws: SgloradError.self) { _ = try layout.place(factors) }
        #expect(error?.code == .layoutMismatch)
        return error
    }

    @Test(arguments: [(4, Float(2)), (1, 2), (4, 0.3), (2, -1.5)])
    func `placing a lower rank and another scale preserves ΔW`(rank: Int, scale: Float) throws {
        let layout = try AdapterLayout(sites: [query, value], rank: 4, scale: 2)
        let given = [factors(value, rank: rank, scale: scale), factors(query, rank: 4, scale: 2, seed: 2)]
        let adapter = try layout.place(given)
        #expect(adapter.parameters.count == layout.parameterCount)
        for slice in layout.slices {
            let factor = try #require(given.first { $0.site == slice.site })
            let before = change(factor.site, rank: factor.rank, scale: factor.scale, a: factor.a, b: factor.b)
            let after = change(
                factor.site, rank: 4, scale: 2, a: Array(adapter.parameters[slice.a]),
                b: Array(adapter.parameters[slice.b]))
            #expect(zip(before, after).allSatisfy { abs($0 - $1) < 1e-5 })
            #expect(before.contains { abs($0) > 0.1 })
        }
    }

    @Test func `factors of the layout's rank and scale are placed bit for bit`() throws {
        let given = factors(query, rank: 3, scale: 0.7)
        let layout = try AdapterLayout(of: [given])
        #expect(layout.rank == 3 && layout.scale == 0.7)
        #expect(try layout.place([given]).parameters == given.a + given.b)
    }

    @Test func `a layout takes the highest rank, and scale 1 if scales differ`() throws {
        let layout = try AdapterLayout(of: [
            factors(query, rank: 1, scale: 3), factors(value, rank: 5, scale: 2),
        ])
        #expect(layout.rank == 5 && layout.scale == 1)
        let shared = try AdapterLayout(of: [
            factors(query, rank: 1, scale: 3), factors(value, rank: 5, scale: 3),
        ])
        #expect(shared.scale == 3)
        #expect(throws: SgloradError.self) { try AdapterLayout(of: []) }
    }

    @Test func `the error names the mismatched site`() throws {
        let layout = try AdapterLayout(sites: [query, value], rank: 2, scale: 1)
        let good = [factors(query, rank: 2, scale: 1), factors(value, rank: 2, scale: 1)]
        let wide = Site(path: "value", inFeatures: 5, outFeatures: 7)
        let extra = Site(path: "key", inFeatures: 1, outFeatures: 1)
        #expect(mismatch(layout, [good[0]])?.parameters["site"] == .string("value"))
        #expect(
            mismatch(layout, good + [factors(extra, rank: 1, scale: 1)])?.parameters["site"] == .string("key")
        )
        #expect(mismatch(layout, good + [good[0]])?.parameters["site"] == .string("query"))
        #expect(
            mismatch(layout, [good[0], factors(wide, rank: 2, scale: 1)])?.parameters["site"]
                == .string("value"))
        let high = mismatch(layout, [good[0], factors(value, rank: 3, scale: 1)])
        #expect(high?.parameters["site"] == .string("value"))
        #expect(high?.message.contains("rank 3") == true)
    }

    @Test(arguments: [(Float(1e30), Float(1e-30)), (1e-30, 1e30), (1e38, 0.5)])
    func `a scale that cannot be folded is rejected`(scale: Float, base: Float) throws {
        let layout = try AdapterLayout(sites: [query], rank: 1, scale: base)
        let large = SiteFactors(
            site: query, rank: 1, scale: scale, a: [Float](repeating: 1, count: 6),
            b: [Float](repeating: 3, count: 5))
        #expect(mismatch(layout, [large])?.parameters["site"] == .string("query"))
    }
}

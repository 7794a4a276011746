import ErrorModel
import LinearAlgebra
import LowRank
import Testing

@Suite("Experts of other initialisations and ranks")
struct ForeignExpertTests {
    private let family = SyntheticExperts()

    private func layout(rank: Int = 4) throws -> AdapterLayout {
        try AdapterLayout(sites: SyntheticExperts.sites, rank: rank, scale: 2)
    }

    private func alignment(_ expert: [SiteFactors], rank: Int = 4) throws -> GaugeAlignment {
        let reference = try GaugeReference(first: [family.expert(seed: 100)], on: layout())
        return try GaugeAlignment(of: [expert], to: reference, on: layout(rank: rank))
    }

    @Test(arguments: 1...8)
    func `an expert of another initialisation is foreign and keeps its factors bit for bit`(seed: UInt64)
        throws
    {
        let expert = SyntheticExperts(seed: seed + 40).expert(seed: seed)
        let found = try alignment(expert)
        #expect(found.isForeign && found.distance > 0.9, "\(found.distance)")
        #expect(try found.place(expert).parameters == layout().place(expert).parameters)
        #expect(!(try alignment(family.expert(seed: seed, motion: 0.5)).isForeign))
    }

    @Test(arguments: 1...4)
    func `a rotated expert with much noise on A is foreign`(seed: UInt64) throws {
        var random = CounterRandom(seed: seed)
        let noisy = family.expert(seed: seed).map { factor in
            SiteFactors(
                site: factor.site, rank: 4, scale: 2,
                a: zip(factor.a, random.gaussians(factor.a.count)).map { $0 + 0.2 * $1 }, b: factor.b)
        }
        let expert = Scrambling(rank: 4, sites: 2, seed: seed, spread: 1, decades: 0).scrambled(noisy)
        #expect(try alignment(expert).isForeign)
    }

    @Test func `a foreign expert with unused components is compressed without loss`()
        throws
    {
        let expert = SyntheticExperts(seed: 44).expert(seed: 1)
        let wide = Scrambling(rank: 16, sites: 2, seed: 2).scrambled(expert)
        let found = try alignment(wide)
        #expect(found.isForeign && found.rank == 4)
        #expect(relativeDifference(try found.place(wide).factors, expert) < 1e-5)
    }

    @Test func `zero padding of the library's own factors is removed bit for bit`() throws {
        let expert = family.expert(seed: 1)
        let padded = try layout(rank: 8).place(expert)
        let found = try alignment(padded.factors)
        #expect(found.rank == 4 && !found.isForeign)
        #expect(try found.place(padded.factors).parameters == layout().place(expert).parameters)
    }

    @Test func `an expert with more directions than the reference is foreign and needs its own rank`()
        throws
    {
        let wide = SyntheticExperts(rank: 6, seed: 1).expert(seed: 1)
        let found = try alignment(wide)
        #expect(found.isForeign && found.rank == 6)
        let error = #expect(throws: SgloradError.self) { _ = try found.place(wide) }
        #expect(error?.code == .layoutMismatch)
        let raised = try alignment(wide, rank: 6)
        #expect(try raised.place(wide).parameters == layout(rank: 6).place(wide).parameters)
    }

    @Test func `an expert of lower rank is aligned with a part of the reference`() throws {
        let expert = family.expert(seed: 1, motion: 0.02)
        // The first two components only, scrambled.
        let part = expert.map { factor in
            SiteFactors(
                site: factor.site, rank: 2, scale: 2, a: Array(factor.a[..<(2 * factor.site.inFeatures)]),
                b: (0..<factor.site.outFeatures).flatMap { factor.b[$0 * 4..<$0 * 4 + 2] })
        }
        let found = try alignment(Scrambling(rank: 2, sites: 2, seed: 1).scrambled(part))
        #expect(!found.isForeign && found.rank == 2)
        let placed = try found.place(Scrambling(rank: 2, sites: 2, seed: 1).scrambled(part))
        #expect(relativeDifference(placed.factors, part) < 1e-5)
    }

    @Test func `a zero adapter is not foreign`() throws {
        let zero = family.expert(seed: 1).map {
            SiteFactors(
                site: $0.site, rank: 8, scale: 2, a: [Float](repeating: 0, count: 8 * $0.site.inFeatures),
                b: [Float](repeating: 0, count: 8 * $0.site.outFeatures))
        }
        let found = try alignment(zero)
        #expect(!found.isForeign && found.rank == 0)
        #expect(try found.place(zero).parameters.allSatisfy { $0 == 0 })
    }

    @Test func `a missing site is named`() throws {
        let error = #expect(throws: SgloradError.self) {
            _ = try alignment(Array(family.expert(seed: 1).prefix(1)))
        }
        #expect(error?.parameters["site"] == .string("layer.value"))
    }
}

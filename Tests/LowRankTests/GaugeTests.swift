import ErrorModel
import LinearAlgebra
import LowRank
import Testing

@Suite("Gauge alignment")
struct GaugeTests {
    private let family = SyntheticExperts()

    private func layout(rank: Int = 4) throws -> AdapterLayout {
        try AdapterLayout(sites: SyntheticExperts.sites, rank: rank, scale: 2)
    }

    private func reference(rank: Int = 4) throws -> GaugeReference {
        try GaugeReference(first: [family.expert(seed: 100)], on: layout(rank: rank))
    }

    @Test(arguments: 1...6)
    func `factors in the library's gauge are kept bit for bit`(seed: UInt64) throws {
        let expert = family.expert(seed: seed, motion: 0.5)
        let alignment = try GaugeAlignment(
            of: [expert, family.later(expert, seed: 3)], to: reference(), on: layout())
        #expect(alignment.isIdentity && !alignment.isForeign)
        #expect(try alignment.place(expert).parameters == layout().place(expert).parameters)
        #expect(alignment.rank == 4)
    }

    @Test(arguments: [4, 8], 1...8)
    func `alignment preserves the ΔW of every checkpoint for any G`(rank: Int, seed: UInt64) throws {
        let expert = family.expert(seed: seed)
        let checkpoints = [expert, family.later(expert, seed: 1), family.later(expert, seed: 2)]
        let scrambling = Scrambling(rank: rank, sites: 2, seed: seed)
        let alignment = try GaugeAlignment(
            of: checkpoints.map(scrambling.scrambled), to: reference(), on: layout())
        #expect(!alignment.isIdentity && !alignment.isForeign)
        #expect(alignment.rank == 4)
        for checkpoint in checkpoints {
            let placed = try alignment.place(scrambling.scrambled(checkpoint))
            #expect(relativeDifference(placed.factors, checkpoint) < 1e-5)
        }
    }

    @Test(arguments: [4, 8], 1...8)
    func `alignment gives the same factors for any G`(
        rank: Int, seed: UInt64
    ) throws {
        let expert = family.expert(seed: seed)
        func aligned(_ seed: UInt64) throws -> [Float] {
            let scrambled = Scrambling(rank: rank, sites: 2, seed: seed).scrambled(expert)
            return try GaugeAlignment(of: [scrambled], to: reference(), on: layout()).place(scrambled)
                .parameters
        }
        #expect(relativeDifference(try aligned(seed), try aligned(seed + 1000)) < 1e-4)
    }

    @Test(arguments: 1...8)
    func `aligned factors are those of training, except for motion within the row space of A`(
        seed: UInt64
    ) throws {
        let expert = family.expert(seed: seed)
        let scrambled = Scrambling(rank: 4, sites: 2, seed: seed).scrambled(expert)
        let alignment = try GaugeAlignment(of: [scrambled], to: reference(), on: layout())
        let (found, untouched) = (try alignment.place(scrambled), try layout().place(expert))
        let other = try layout().place(family.expert(seed: seed + 50))
        // Two experts differ by about half their size; the error of the gauge must be a fraction of that.
        let spread = relativeDifference(other.parameters, untouched.parameters)
        #expect(relativeDifference(found.parameters, untouched.parameters) < 0.35 * spread)
    }

    @Test func `the gauge is found more exactly if training moved A less`() throws {
        func error(_ motion: Float) throws -> Double {
            let start = try GaugeReference(first: [family.expert(seed: 9, motion: motion)], on: layout())
            let expert = family.expert(seed: 5, motion: motion)
            let scrambled = Scrambling(rank: 4, sites: 2, seed: 1).scrambled(expert)
            let placed = try GaugeAlignment(of: [scrambled], to: start, on: layout()).place(scrambled)
            return relativeDifference(placed.parameters, try layout().place(expert).parameters)
        }
        #expect(try error(0.3) < 0.15)
        #expect(try error(0.03) < 0.015)
        #expect(try error(0) < 1e-5)
    }

    @Test(arguments: 1...4)
    func `merging aligned experts is equivalent to merging the original ones`(seed: UInt64) throws {
        let experts = (0..<4).map { family.expert(seed: seed * 10 + UInt64($0), motion: 0.1) }
        func merged(_ adapters: [LoRAAdapter]) throws -> [SiteFactors] {
            var sum = [Float](repeating: 0, count: try layout().parameterCount)
            for adapter in adapters {
                for index in sum.indices { sum[index] += adapter.parameters[index] / 4 }
            }
            return LoRAAdapter(layout: try layout(), parameters: sum).factors
        }
        let scrambled = experts.enumerated().map { index, expert in
            Scrambling(rank: index < 2 ? 4 : 8, sites: 2, seed: seed + UInt64(index)).scrambled(expert)
        }
        // The first expert of the scrambled library defines its gauge.
        let own = try GaugeReference(first: [scrambled[0]], on: layout())
        let placed = try scrambled.map { try GaugeAlignment(of: [$0], to: own, on: layout()).place($0) }
        let untouched = try merged(experts.map { try layout().place($0) })
        #expect(relativeDifference(try merged(placed), untouched) < 0.05)
        let raw = try merged(
            scrambled.map { try AdapterLayout(of: $0).place($0) }.filter { $0.layout.rank == 4 })
        #expect(relativeDifference(raw, untouched) > 0.5, "without alignment")
    }

    @Test func `a reference with unbalanced A and B gets orthogonal rows`() throws {
        let scrambled = Scrambling(rank: 8, sites: 2, seed: 3).scrambled(family.expert(seed: 1))
        let reference = try GaugeReference(first: [scrambled], on: layout(rank: 8))
        let adapter = LoRAAdapter(layout: reference.layout, parameters: reference.parameters.array)
        #expect(relativeDifference(adapter.factors, scrambled) < 1e-5)
        for factor in adapter.factors {
            let norms = (0..<8).map { row in
                factor.a[row * factor.site.inFeatures..<(row + 1) * factor.site.inFeatures]
                    .reduce(0) { $0 + $1 * $1 }
            }
            #expect(norms.prefix(4).allSatisfy { abs($0 - 1.0 / 3) < 1e-4 }, "\(norms)")
            #expect(norms.suffix(4).allSatisfy { $0 == 0 })
        }
        let itself = try GaugeAlignment(of: [scrambled], to: reference, on: layout(rank: 8))
        #expect(itself.distance < 1e-4)
        #expect(
            relativeDifference(try itself.place(scrambled).parameters, reference.parameters.array) < 1e-4)
    }

    @Test func `a shared B carries the gauge where A does not`() throws {
        let (one, other) = (family.expert(seed: 1), SyntheticExperts(seed: 77).expert(seed: 2))
        let shared = zip(one, other).map {
            SiteFactors(site: $0.site, rank: 4, scale: 2, a: $1.a, b: $0.b)
        }
        let reference = try GaugeReference(first: [one], on: layout())
        let scrambled = Scrambling(rank: 4, sites: 2, seed: 5).scrambled(shared)
        let alignment = try GaugeAlignment(of: [scrambled], to: reference, on: layout())
        #expect(!alignment.isForeign)
        let placed = try alignment.place(scrambled)
        #expect(relativeDifference(placed.parameters, try layout().place(shared).parameters) < 1e-3)
    }
}

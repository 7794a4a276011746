import Foundation
import LinearAlgebra
import LowRank
import TestSupport
import Testing

/// Experts that share one initialisation, as training produces them: A near a common start, B starting from
/// zero.
struct SyntheticExperts {
    static let sites = [
        Site(path: "layer.query", inFeatures: 96, outFeatures: 80),
        Site(path: "layer.value", inFeatures: 64, outFeatures: 96),
    ]

    let rank: Int
    /// The common start of A at each site, `[rank, in]`, with the row norm of PEFT's initialisation.
    let start: [[Float]]

    init(rank: Int = 4, seed: UInt64 = 1) {
        var random = CounterRandom(seed: seed, stream: 7)
        self.rank = rank
        start = Self.sites.map { site in
            random.gaussians(rank * site.inFeatures).map { $0 / (3 * Float(site.inFeatures)).squareRoot() }
        }
    }

    /// One expert: A moved by `motion` relative to its norm, B random.
    func expert(seed: UInt64, motion: Float = 0.3) -> [SiteFactors] {
        var random = CounterRandom(seed: seed, stream: 11)
        return zip(Self.sites, start).map { site, start in
            let step = motion / (3 * Float(site.inFeatures)).squareRoot()
            let moved = zip(start, random.gaussians(start.count)).map { $0 + step * $1 }
            let b = random.gaussians(site.outFeatures * rank).map { 0.05 * $0 }
            return SiteFactors(site: site, rank: rank, scale: 2, a: moved, b: b)
        }
    }

    /// A later checkpoint of the same run.
    func later(_ factors: [SiteFactors], seed: UInt64) -> [SiteFactors] {
        var random = CounterRandom(seed: seed, stream: 13)
        return factors.map { factor in
            SiteFactors(
                site: factor.site, rank: factor.rank, scale: factor.scale,
                a: zip(factor.a, random.gaussians(factor.a.count)).map { $0 + 0.002 * $1 },
                b: zip(factor.b, random.gaussians(factor.b.count)).map { $0 + 0.002 * $1 })
        }
    }
}

/// A random change of gauge of one expert: an invertible G for each site.
struct Scrambling {
    /// G and its inverse for each site.
    let maps: [RandomGauge]

    init(rank: Int, sites: Int, seed: UInt64, spread: Double = 3, decades: Double = 3) {
        var random = CounterRandom(seed: seed, stream: 17)
        maps = (0..<sites).map { _ in
            RandomGauge(rank: rank, spread: spread, decades: decades, random: &random)
        }
    }

    /// (G⁻¹A, BG) of factors that are first padded with zeros to the maps' rank.
    func scrambled(_ factors: [SiteFactors]) -> [SiteFactors] {
        zip(factors, maps).map { factor, map in
            let rank = map.g.rows
            let inputs = factor.site.inFeatures
            var a = DoubleMatrix(rows: rank, columns: inputs)
            var b = DoubleMatrix(rows: factor.site.outFeatures, columns: rank)
            for component in 0..<factor.rank {
                for index in 0..<inputs {
                    a[component, index] = Double(factor.a[component * inputs + index])
                }
                for row in 0..<factor.site.outFeatures {
                    b[row, component] = Double(factor.b[row * factor.rank + component])
                }
            }
            return SiteFactors(
                site: factor.site, rank: rank, scale: factor.scale,
                a: map.inverse.multiplied(by: a).values.map { Float($0) },
                b: b.multiplied(by: map.g).values.map { Float($0) })
        }
    }
}

/// scale·B·A of one site, `[out, in]`.
func change(_ factor: SiteFactors) -> DoubleMatrix {
    let a = factor.a.withUnsafeBufferPointer {
        DoubleMatrix(rows: factor.rank, columns: factor.site.inFeatures, floats: $0)
    }
    let b = factor.b.withUnsafeBufferPointer {
        DoubleMatrix(rows: factor.site.outFeatures, columns: factor.rank, floats: $0)
    }
    var product = b.multiplied(by: a)
    for index in product.values.indices { product.values[index] *= Double(factor.scale) }
    return product
}

/// ‖ΔW − ΔW′‖ / ‖ΔW′‖, over all sites.
func relativeDifference(_ first: [SiteFactors], _ second: [SiteFactors]) -> Double {
    var (difference, size) = (0.0, 0.0)
    for (one, two) in zip(first, second) {
        let (x, y) = (change(one), change(two))
        difference += zip(x.values, y.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        size += y.squaredNorm
    }
    return (difference / max(size, 1e-300)).squareRoot()
}

/// ‖x − y‖ / ‖y‖ of two vectors.
func relativeDifference(_ first: [Float], _ second: [Float]) -> Double {
    let difference = zip(first, second).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    return (difference / second.reduce(0.0) { $0 + Double($1 * $1) }).squareRoot()
}

import AdapterFormats
import Foundation
import LinearAlgebra
import LowRank
import TestSupport
import Testing

/// Writes PEFT folders whose factors differ from a given expert's by a gauge: the same ΔW, other A and B.
enum ScrambledExperts {
    /// The changes to one expert.
    struct Change {
        var seed: UInt64
        /// The rank to which the factors are first padded with zeros.
        var rank = 4
        /// The scale of Gaussian noise added to A, relative to A's root mean square; 0 keeps ΔW.
        var noise: Float = 0
        /// Whether A is replaced by another random initialisation.
        var replacesA = false
    }

    /// Copies an expert with all its checkpoints and applies one random invertible G per site: A → G⁻¹A, B → BG.
    static func write(_ source: String, to target: String, _ change: Change) throws {
        let folder = try PEFTFolder.read(directory: source)
        let sites = folder.checkpoints[0].factors.map(\.site)
        let layout = try AdapterLayout(sites: sites, rank: change.rank, scale: 2)
        var random = CounterRandom(seed: change.seed, stream: 3)
        var maps: [String: RandomGauge] = [:]
        var additions: [String: [Float]] = [:]
        for site in sites {
            maps[site.path] = RandomGauge(rank: change.rank, random: &random)
            if change.noise > 0 || change.replacesA {
                additions[site.path] = random.gaussians(4 * site.inFeatures)
            }
        }
        for checkpoint in folder.checkpoints {
            let factors = try layout.place(
                checkpoint.factors.map { altered($0, additions[$0.site.path], change) }
            ).factors
            var numbers: [Float] = []
            for factor in factors {
                let map = try #require(maps[factor.site.path])
                numbers += map.inverse.multiplied(by: matrix(factor.a, factor.rank, factor.site.inFeatures))
                    .values.map { Float($0) }
                numbers += matrix(factor.b, factor.site.outFeatures, factor.rank).multiplied(by: map.g)
                    .values.map { Float($0) }
            }
            let place = checkpoint.name.isEmpty ? target : "\(target)/\(checkpoint.name)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let files = try PEFTWriter.files(
                for: LoRAAdapter(layout: layout, parameters: numbers), template: folder.template,
                provenance: [:])
            for file in files {
                try Data(file.contents).write(to: URL(filePath: "\(place)/\(file.name)"))
            }
        }
        try FileManager.default.copyItem(
            atPath: "\(source)/expert.json", toPath: "\(target)/expert.json")
    }

    private static func matrix(_ values: [Float], _ rows: Int, _ columns: Int) -> DoubleMatrix {
        DoubleMatrix(rows: rows, columns: columns, values: values.map(Double.init))
    }

    private static func altered(
        _ factor: SiteFactors, _ addition: [Float]?, _ change: Change
    ) -> SiteFactors {
        guard let addition else { return factor }
        let size = (factor.a.reduce(0) { $0 + $1 * $1 } / Float(factor.a.count)).squareRoot()
        let share = change.replacesA ? size : change.noise * size
        let a = zip(factor.a, addition).map { (change.replacesA ? 0 : $0) + share * $1 }
        return SiteFactors(site: factor.site, rank: factor.rank, scale: factor.scale, a: a, b: factor.b)
    }
}

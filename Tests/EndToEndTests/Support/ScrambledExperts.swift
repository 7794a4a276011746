import AdapterFormats
import Foundation
import LinearAlgebra
import LowRank
import Testing

/// Makes PEFT folders whose adapters do what others do, with factors that look quite different.
enum ScrambledExperts {
    /// How one expert is changed.
    struct Change {
        var seed: UInt64
        /// The rank that the factors are padded to with zeros first.
        var rank = 4
        /// The size of random numbers added to A, as a part of A's own; 0 leaves ΔW as it is.
        var noise: Float = 0
        /// Whether A is replaced by another random start altogether.
        var replacesA = false
    }

    /// Copies an expert's folder with all its checkpoints and gives it one random invertible G per site.
    static func write(_ source: String, to target: String, _ change: Change) throws {
        let folder = try PEFTFolder.read(directory: source)
        let sites = folder.checkpoints[0].factors.map(\.site)
        let layout = try AdapterLayout(sites: sites, rank: change.rank, scale: 2)
        var random = CounterRandom(seed: change.seed, stream: 3)
        var maps: [String: (g: DoubleMatrix, inverse: DoubleMatrix)] = [:]
        var additions: [String: [Float]] = [:]
        for site in sites {
            maps[site.path] = invertible(change.rank, &random)
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

    /// A rotation, a stretch of each direction by up to 3, a rotation, and an imbalance of A and B by up to 1,000.
    private static func invertible(
        _ rank: Int, _ random: inout CounterRandom
    ) -> (g: DoubleMatrix, inverse: DoubleMatrix) {
        let (u, v) = (rotation(rank, &random), rotation(rank, &random))
        let balance = pow(10, 3 * (2 * Double(random.uniform()) - 1))
        let stretch = (0..<rank).map { _ in balance * pow(3, 2 * Double(random.uniform()) - 1) }
        return (
            u.scalingColumns(by: stretch).multiplied(by: v, transposeOther: true),
            v.scalingColumns(by: stretch.map { 1 / $0 }).multiplied(by: u, transposeOther: true)
        )
    }

    private static func rotation(_ rank: Int, _ random: inout CounterRandom) -> DoubleMatrix {
        var rows: [[Double]] = []
        for _ in 0..<rank {
            var row = random.gaussians(rank).map(Double.init)
            for other in rows {
                let part = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
                for index in row.indices { row[index] -= part * other[index] }
            }
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            rows.append(row.map { $0 / norm })
        }
        return DoubleMatrix(rows: rank, joining: rows)
    }
}

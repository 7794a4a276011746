internal import ErrorModel
internal import LinearAlgebra

/// One site of an expert in inner products: with itself, and with the reference.
struct SiteMoments: Sendable {
    /// Those of the expert's factors with each other.
    var grams: SiteGrams
    /// The mean of A·A₀ᵀ, `[rank, reference's rank]`.
    var crossA: DoubleMatrix
    /// The mean of Bᵀ·B₀, likewise.
    var crossB: DoubleMatrix
    /// The reference's own.
    var reference: SiteGrams
    /// The site's in features.
    let inputs: Int
    /// The site's out features.
    let outputs: Int

    /// Takes the inner products of each site of a layout, over all checkpoints.
    ///
    /// - Parameter reference: nil where there is none yet; the fields about it then have no numbers.
    /// - Throws: `layoutMismatch` that names a site that is missing, unknown, or of another shape.
    static func all(
        of checkpoints: [[SiteFactors]], on layout: AdapterLayout, reference: GaugeReference?
    ) throws(SgloradError) -> [SiteMoments] {
        var byPath: [[String: SiteFactors]] = []
        for factors in checkpoints { byPath.append(try layout.requireSites(of: factors)) }
        let slices = reference?.layout.slices
        return layout.sites.enumerated().map { index, site in
            let own = byPath.compactMap { $0[site.path] }
            let other = slices.flatMap { slices in
                reference.map {
                    SiteDoubles(slices[index], of: $0.parameters, rank: $0.layout.rank)
                }
            }
            return SiteMoments(own, at: site, scale: layout.scale, reference: other)
        }
    }

    private init(_ factors: [SiteFactors], at site: Site, scale: Float, reference: SiteDoubles?) {
        inputs = site.inFeatures
        outputs = site.outFeatures
        let rank = factors.first?.rank ?? 0
        let referenceRank = reference?.a.rows ?? 0
        grams = SiteGrams(rank: rank)
        self.reference = SiteGrams(rank: referenceRank)
        crossA = DoubleMatrix(rows: rank, columns: referenceRank)
        crossB = crossA
        if let reference { self.reference.add(reference, share: 1) }
        let share = 1 / Double(max(1, factors.count))
        for factors in factors {
            let doubles = SiteDoubles(factors, scale: scale)
            grams.add(doubles, share: share)
            guard let reference else { continue }
            SiteDoubles.add(share, doubles.a.multiplied(by: reference.a, transposeOther: true), to: &crossA)
            SiteDoubles.add(share, doubles.b.multiplied(by: reference.b, transposeSelf: true), to: &crossB)
        }
    }

    /// Some of the expert's components alone.
    func selecting(_ components: [Int]) -> SiteMoments {
        var result = self
        result.grams = grams.selecting(components)
        result.crossA = DoubleMatrix(rows: components.count, columns: crossA.columns)
        result.crossB = result.crossA
        for (row, component) in components.enumerated() {
            for column in 0..<crossA.columns {
                result.crossA[row, column] = crossA[component, column]
                result.crossB[row, column] = crossB[component, column]
            }
        }
        return result
    }
}

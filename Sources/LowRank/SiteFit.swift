internal import ErrorModel
internal import LinearAlgebra

/// The gauge of one site of an expert, fitted to the reference.
struct SiteFit: Sendable {
    /// What brings the site's factors near the reference.
    let map: SiteMap
    /// The effective rank: how many directions reach ΔW.
    let rank: Int
    /// How much of the factors' space is the reference's, beyond chance: 0 (another initialisation) to 1; nil where ΔW is 0,
    /// or has more directions than the reference.
    let nearness: Double?

    /// Fits G.
    ///
    /// Factors that are in the reference's gauge already stay, bit for bit. An expert moves A away from the common start by
    /// about half its size, so that the start is known to within that alone: no smaller G could be told from training.
    init(_ site: SiteMoments) throws(SgloradError) {
        let components = site.grams.components
        let whole = components.count == site.grams.rank
        let trimmed = whole || components.count < site.reference.rank ? site : site.selecting(components)
        let referenceRoot = try SymmetricRoot(site.reference.a, tolerance: 1e-5)
        if let nearness = try NativeGauge.nearness(trimmed, reference: referenceRoot) {
            map = trimmed.grams.rank == site.grams.rank ? .identity : .selection(components)
            rank = try ThinFrame(site.grams).rank
            self.nearness = nearness
            return
        }
        let frame = try ThinFrame(site.grams)
        rank = frame.rank
        guard frame.rank > 0 else {
            map = frame.balancedMap
            nearness = nil
            return
        }
        guard frame.rank <= referenceRoot.rank else {
            map = frame.balancedMap
            nearness = nil
            return
        }
        (map, nearness) = try Self.fit(frame, site, referenceRoot)
    }

    /// Fits the frame's A to the reference's in the least squares, and B along with it.
    ///
    /// In the reference's own frame, where A₀ = F·Q₀ has orthonormal rows Q₀ too, G is an X `[k, rank]`. It minimises
    /// ‖Q − X·Q₀‖² + λ‖(B·X − B₀)·N^-½‖², with N = B₀ᵀB₀: linear in X, and the same whatever gauge expert and reference
    /// came in. λ is the square of how much better B's columns agree with the reference's than A's rows do: experts of one
    /// initialisation share A (λ is about 0.001, as B starts from zero and tells little), others may share B.
    ///
    /// Least squares shrink X by the cosines between the two spaces, while X⁻¹ would be stretched by them; X is given the
    /// square roots of its singular values, half way between.
    private static func fit(
        _ frame: ThinFrame, _ site: SiteMoments, _ root: SymmetricRoot
    ) throws(SgloradError) -> (map: SiteMap, nearness: Double) {
        let towardsA = frame.left.multiplied(by: site.crossA)
            .multiplied(by: root.inverseFactor, transposeOther: true)
        let b = frame.right.multiplied(
            by: site.grams.b.multiplied(by: frame.right), transposeSelf: true)
        let n = root.factor.multiplied(
            by: site.reference.b.multiplied(by: root.factor), transposeSelf: true)
        let towardsB = frame.right.multiplied(
            by: site.crossB.multiplied(by: root.factor), transposeSelf: true)
        let (rootB, rootN) = (
            try SymmetricRoot(b, tolerance: 1e-6), try SymmetricRoot(n, tolerance: 1e-6)
        )
        let (k, rank) = (frame.rank, root.rank)
        let nearA = nearness(towardsA.squaredNorm, k, rank, of: site.inputs)
        var (nearB, x) = (0.0, towardsA)
        if rootB.rank == k, rootN.rank == rank {
            let common = rootB.inverseFactor.multiplied(by: towardsB)
                .multiplied(by: rootN.inverseFactor, transposeOther: true)
            nearB = nearness(common.squaredNorm, k, rank, of: site.outputs)
            let odds = (nearB / (1 - nearB + 1e-6)) / (nearA / (1 - nearA + 1e-6) + 1e-6)
            x = joint(towardsA, towardsB, rootB, rootN, weight: min(odds * odds, 1e6))
        }
        let svd = try SmallSVD(x)
        let halved = nearA >= nearB ? svd.values.map { $0.squareRoot() } : svd.values
        let s = halved.map { max($0, 0.05 * max(halved.first ?? 1, 1e-30)) }
        // A′ = F·X⁺·L·A and B′ = B·R·X·F⁺.
        let inverse = svd.right.scalingColumns(by: s.map { 1 / $0 })
            .multiplied(by: svd.left, transposeOther: true)
        let forward = svd.left.scalingColumns(by: s).multiplied(by: svd.right, transposeOther: true)
        let map = SiteMap.linear(
            left: root.factor.multiplied(by: inverse).multiplied(by: frame.left),
            right: frame.right.multiplied(by: forward).multiplied(by: root.inverseFactor))
        return (map, max(nearA, nearB))
    }

    /// Solves X + λ·(BᵀB)·X·N⁻¹ = X_A + λ·X_B·N⁻¹ in the eigenvectors of BᵀB and N.
    private static func joint(
        _ towardsA: DoubleMatrix, _ towardsB: DoubleMatrix, _ b: SymmetricRoot, _ n: SymmetricRoot,
        weight: Double
    ) -> DoubleMatrix {
        let turnedA = b.vectors.multiplied(by: towardsA, transposeSelf: true).multiplied(by: n.vectors)
        let turnedB = b.vectors.multiplied(by: towardsB, transposeSelf: true).multiplied(by: n.vectors)
        var x = turnedA
        for row in 0..<x.rows {
            for column in 0..<x.columns {
                let inverse = weight / (n.roots[column] * n.roots[column])
                x[row, column] =
                    (turnedA[row, column] + inverse * turnedB[row, column])
                    / (1 + inverse * b.roots[row] * b.roots[row])
            }
        }
        return b.vectors.multiplied(by: x).multiplied(by: n.vectors, transposeOther: true)
    }

    /// The mean squared cosine between two spaces, less what chance gives.
    static func nearness(_ squaredCosines: Double, _ first: Int, _ second: Int, of dimension: Int) -> Double {
        let mean = squaredCosines / Double(max(1, min(first, second)))
        let chance = Double(max(first, second)) / Double(dimension)
        guard chance < 1 else { return 1 }
        return min(1, max(0, (mean - chance) / (1 - chance)))
    }
}

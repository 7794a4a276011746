internal import ErrorModel
internal import Glibc
internal import LinearAlgebra

/// The gauge of an expert at one site, fitted to the library's reference.
struct SiteFit: Sendable {
    /// Maps the site's factors into the reference's gauge.
    let map: SiteMap
    /// The effective rank: the number of directions that reach ΔW.
    let rank: Int
    /// How much of the factors' space the reference shares, beyond chance: 0 (another initialisation) to 1.
    ///
    /// nil if ΔW is 0 or has more directions than the reference.
    let nearness: Double?

    /// Fits G.
    ///
    /// Factors that are in the reference's gauge already are kept bit for bit. Training moves A away from the
    /// common initialisation by about half its size, so the initialisation is known only to within that, and
    /// a smaller G could not be told apart from training.
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

    /// Fits the frame's A to the reference's by least squares, together with B.
    ///
    /// In the reference's own frame, where A₀ = F·Q₀ with orthonormal rows Q₀, G is a matrix X `[k, rank]`.
    /// It minimises ‖Q − X·Q₀‖² + λ‖(B·X − B₀)·N^-½‖², with N = B₀ᵀB₀: a linear problem in X, whose solution
    /// is independent of the gauges of expert and reference. λ is the square of the odds that B's columns
    /// rather than A's rows agree with the reference: experts of one initialisation share A (λ is about
    /// 0.001, because B starts from zero and carries little information), others may share B.
    ///
    /// Least squares shrink X by the cosines between the two spaces, and X⁻¹ would stretch by them; X gets
    /// the square roots of its singular values, half way between.
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

    /// Solves X + λ·(BᵀB)·X·N⁻¹ = X_A + λ·X_B·N⁻¹ in the eigenbases of BᵀB and N.
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

    /// The mean squared cosine between two spaces, corrected for chance and limited to 0…1.
    static func nearness(_ squaredCosines: Double, _ first: Int, _ second: Int, of dimension: Int) -> Double {
        let mean = squaredCosines / Double(max(1, min(first, second)))
        let chance = Double(max(first, second)) / Double(dimension)
        guard chance < 1 else { return 1 }
        return min(1, max(0, (mean - chance) / (1 - chance)))
    }
}

/// Tests whether factors are in the reference's gauge as they are.
enum NativeGauge {
    /// The largest rotation between the frames of A and A₀, as ‖W − 1‖₂ of their polar factor W: 35°.
    ///
    /// Over the 54,672 pairs of sites of the example zoo it is at most 0.38 for unchanged files; a rotation
    /// by 60° in one plane gives at least 0.87, a change of sign 2.
    static let turn = 0.6
    /// The largest stretch in any one direction, and of the geometric mean over all; at most 2.5 and 1.25 in
    /// the zoo.
    static let stretch = (one: 3.0, mean: 1.5)

    /// The nearness of the factors if they are in the reference's gauge; else nil.
    static func nearness(
        _ site: SiteMoments, reference: SymmetricRoot
    ) throws(SgloradError) -> Double? {
        let rank = site.grams.rank
        guard rank == site.reference.rank, reference.rank == rank else { return nil }
        let own = try SymmetricRoot(site.grams.a, tolerance: 1e-5)
        guard own.rank == rank else { return nil }
        let stretched = try SymmetricEigen(
            reference.symmetricInverse.multiplied(by: site.grams.a)
                .multiplied(by: reference.symmetricInverse).values, order: rank)
        let logs = stretched.values.map { 0.5 * log(max($0, 1e-300)) }
        guard logs.allSatisfy({ abs($0) <= log(stretch.one) }),
            abs(logs.reduce(0, +)) <= Double(rank) * log(stretch.mean)
        else { return nil }
        let cosines = own.symmetricInverse.multiplied(by: site.crossA)
            .multiplied(by: reference.symmetricInverse)
        let svd = try SmallSVD(cosines)
        var turned = svd.left.multiplied(by: svd.right, transposeOther: true)
        for index in 0..<rank { turned[index, index] -= 1 }
        let distance = try SymmetricEigen(
            turned.multiplied(by: turned, transposeSelf: true).values, order: rank)
        guard (distance.values.first ?? 0) <= turn * turn else { return nil }
        return SiteFit.nearness(cosines.squaredNorm, rank, rank, of: site.inputs)
    }
}

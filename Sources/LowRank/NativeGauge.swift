internal import ErrorModel
internal import LinearAlgebra

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Whether factors are in the reference's gauge as they came.
enum NativeGauge {
    /// The largest turn between the frames of A and of A₀, as ‖W − 1‖₂ of their polar factor W: 35°.
    ///
    /// On the zoo's 54,672 pairs of sites: at most 0.38 for files as they are, from 0.87 for a turn by 60° in one plane, 2 for
    /// a sign.
    static let turn = 0.6
    /// The largest stretch in any direction, and on the geometric mean of all; on the zoo 2.5 and 1.25 at most.
    static let stretch = (one: 3.0, mean: 1.5)

    /// How near the factors are, if they are in the reference's gauge; else nil.
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

internal import LinearAlgebra
internal import SemanticGuidance

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A library's experts in principal coordinates, in units of ``unit``: what conditions are formed from in k numbers.
struct CoordinateLibrary: Sendable {
    /// The root mean square of the training coordinates: networks see numbers around 1.
    let unit: Float
    /// μ_e, `[experts, k]`.
    let means: Matrix
    /// σ_e², `[experts, k]`.
    let variances: Matrix

    /// c for one neighbourhood: μ* and √σ*², 2k numbers.
    func condition(_ neighbourhood: Neighbourhood) -> [Float] {
        let k = means.columns
        var mean = [Float](repeating: 0, count: k)
        for member in neighbourhood.members {
            for index in 0..<k { mean[index] += member.weight * means[member.expert, index] }
        }
        var variance = [Float](repeating: 0, count: k)
        for member in neighbourhood.members {
            for index in 0..<k {
                let distance = means[member.expert, index] - mean[index]
                variance[index] += member.weight * (variances[member.expert, index] + distance * distance)
            }
        }
        return mean + variance.map { $0.squareRoot() }
    }
}

public import ErrorModel
internal import LinearAlgebra
public import SemanticGuidance

/// `sg-lora`: samples the trained conditional VAE around the semantic prior.
///
/// The adapter is μ* + U δ: the weighted mean of the nearest experts, exact in all D numbers, and the decoder's correction
/// along the library's principal directions. Where the experts' tasks were there to learn from, a ``Steering`` turns μ*
/// before the correction is added.
public struct SemanticGuidedGenerator: AdapterGenerator {
    /// What the generator was made from.
    public var record: GeneratorRecord
    let coordinates: PrincipalCoordinates
    let experts: CoordinateLibrary
    let network: ConditionalVAE
    let steering: Steering?

    /// How the latent z is taken from the prior p(z|c).
    public enum Sampling: Sendable, Hashable {
        /// One draw: what a request gets.
        case sample
        /// The prior's mean: the same adapter for every seed.
        case mean
        /// The densest of so many draws under the prior.
        case densest(of: Int)
    }

    /// Samples an adapter.
    ///
    /// - Parameters:
    ///   - neighbourhood: places are those of the generator's own snapshot.
    ///   - library: the snapshot's experts, no more and no fewer.
    ///   - seed: the sample's; one seed gives one adapter.
    /// - Throws: `internal` if the library is not the snapshot.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        try parameters(guidedBy: neighbourhood, in: library, seed: seed, sampling: .sample)
    }

    /// As `parameters(guidedBy:in:seed:)`, with z taken in another way.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64, sampling: Sampling
    ) throws(SgloradError) -> [Float] {
        guard library.experts.map(\.digest) == record.experts.map(\.digest), library.layout == record.layout
        else {
            throw .internal("a generator was asked to guide with another library than its own")
        }
        let correction = self.correction(neighbourhood, noise: noise(sampling, seed: seed))
        var result = SemanticPrior.mean(neighbourhood, of: library.experts.map(\.mean))
        steering?.apply(
            to: &result, guidedBy: neighbourhood, origin: coordinates.origin, layout: library.layout)
        coordinates.add(correction, to: &result)
        return result
    }

    /// Standard normal numbers, `[1, latent]`: for a diagonal Gaussian the densest draw is the one of the least norm.
    private func noise(_ sampling: Sampling, seed: UInt64) -> Matrix {
        var random = CounterRandom(seed: seed, stream: 0x5347_4C4F_5241)
        let latent = network.latent
        let draws: [[Float]]
        switch sampling {
        case .sample: draws = [random.gaussians(latent)]
        case .mean: draws = [[Float](repeating: 0, count: latent)]
        case .densest(let count): draws = (0..<max(1, count)).map { _ in random.gaussians(latent) }
        }
        func norm(_ draw: [Float]) -> Float { draw.reduce(0) { $0 + $1 * $1 } }
        return Matrix(stacking: [draws.min { norm($0) < norm($1) } ?? []])
    }

    /// δ in parameters' units, k numbers.
    func correction(_ neighbourhood: Neighbourhood, noise: Matrix) -> [Float] {
        let condition = Matrix(stacking: [experts.condition(neighbourhood)])
        return network.sample(condition: condition, noise: noise).values.map { $0 * experts.unit }
    }
}

extension SemanticGuidedGenerator {
    /// The steered merge alone, without the network's correction.
    public func steered(guidedBy neighbourhood: Neighbourhood, in library: Library) -> [Float] {
        var result = SemanticPrior.mean(neighbourhood, of: library.experts.map(\.mean))
        steering?.apply(
            to: &result, guidedBy: neighbourhood, origin: coordinates.origin, layout: library.layout)
        return result
    }
}

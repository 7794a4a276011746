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
    let fitted: FittedNetwork
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
        let mean = SemanticPrior.mean(neighbourhood, of: library.experts.map(\.mean))
        return parameters(from: mean, neighbourhood, noise: noise(sampling, seed: seed))
    }

    /// x = x̄ + r·(steering(μ*) − x̄) + r·share·U δ, with r the neighbourhood's relevance.
    private func parameters(
        from mean: [Float], _ neighbourhood: Neighbourhood, noise: Matrix
    ) -> [Float] {
        var result = mean
        let (origin, relevance) = (coordinates.origin, neighbourhood.relevance)
        steering?.apply(to: &result, guidedBy: neighbourhood, origin: origin, layout: record.layout)
        if relevance < 1 {
            origin.withUnsafeBufferPointer { origin in
                for place in result.indices {
                    result[place] = origin[place] + relevance * (result[place] - origin[place])
                }
            }
        }
        let scale = relevance * record.correctionShare
        coordinates.add(
            fitted.correction(neighbourhood, noise: noise).map { $0 * scale }, to: &result)
        return result
    }

    /// The experts that guide an intent, and how far they can be trusted to.
    ///
    /// Under the threshold of relevance guidance fades, and at six tenths of it nothing is left but the library's mean: words
    /// that speak of none of its tasks must not move an adapter.
    ///
    /// - Parameters:
    ///   - embedding: the intent's unit embedding.
    ///   - options: how experts are chosen; the training's own unless the intent says otherwise.
    ///   - library: the snapshot's experts.
    public func neighbourhood(
        of embedding: [Float], options: GuidanceOptions? = nil, in library: Library
    ) -> Neighbourhood {
        Self.neighbourhood(
            of: embedding, options: options ?? record.plan.guidance, threshold: record.threshold, in: library)
    }

    /// As `neighbourhood(of:options:in:)`, for a generator that is not there yet.
    static func neighbourhood(
        of embedding: [Float], options: GuidanceOptions, threshold: Float, in library: Library
    ) -> Neighbourhood {
        let plain = library.index.proximities(to: embedding, by: .plain)
        let measured =
            options.measure == .plain ? plain : library.index.proximities(to: embedding, by: options.measure)
        var result = Neighbourhood(proximities: measured, options: options)
        let fade = (plain.max() ?? 0) / threshold
        result.relevance = min(1, max(0, (fade - 0.6) / 0.4))
        return result
    }

    /// Standard normal numbers, `[1, latent]`: for a diagonal Gaussian the densest draw is the one of the least norm.
    private func noise(_ sampling: Sampling, seed: UInt64) -> Matrix {
        var random = CounterRandom(seed: seed, stream: 0x5347_4C4F_5241)
        let latent = fitted.network.latent
        let draws: [[Float]]
        switch sampling {
        case .sample: draws = [random.gaussians(latent)]
        case .mean: draws = [[Float](repeating: 0, count: latent)]
        case .densest(let count): draws = (0..<max(1, count)).map { _ in random.gaussians(latent) }
        }
        func norm(_ draw: [Float]) -> Float { draw.reduce(0) { $0 + $1 * $1 } }
        return Matrix(stacking: [draws.min { norm($0) < norm($1) } ?? []])
    }
}

public import ErrorModel
internal import LinearAlgebra
public import SemanticGuidance

/// `sg-lora`: samples the trained conditional VAE around the semantic prior.
///
/// The adapter is μ* + U δ: the weighted mean of the nearest experts, exact in all D parameters, plus the
/// decoder's correction along the library's principal directions. If the generator was trained on the
/// experts' tasks, a ``Steering`` is applied to μ* before the correction is added.
///
/// Source: SG-LoRA (arXiv 2509.10535); the principal coordinates, the steering and the relevance are
/// additions to it.
public struct SemanticGuidedGenerator: AdapterGenerator {
    /// What the generator was trained on.
    public var record: GeneratorRecord
    let coordinates: PrincipalCoordinates
    let fitted: FittedNetwork
    let steering: Steering?

    /// How the latent z is drawn from the prior p(z|c).
    public enum Sampling: Sendable, Hashable {
        /// One draw, as for a request.
        case sample
        /// The mean of p(z|c): the same adapter for every seed.
        case mean
        /// The draw of the highest density out of `of` draws.
        case densest(of: Int)
    }

    /// Samples an adapter.
    ///
    /// - Parameters:
    ///   - neighbourhood: the experts that guide; its indices refer to `library`.
    ///   - library: exactly the experts of the snapshot that the generator was trained on.
    ///   - seed: the seed of z; one seed gives one adapter.
    /// - Throws: `internal` if the library is not the generator's snapshot.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        try parameters(guidedBy: neighbourhood, in: library, seed: seed, sampling: .sample)
    }

    /// Makes an adapter as `parameters(guidedBy:in:seed:)` does, with a choice of how z is drawn.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64,
        sampling: Sampling
    ) throws(SgloradError) -> [Float] {
        guard library.consists(of: record.experts), library.layout == record.layout else {
            throw .internal("a generator was used with a library that is not the snapshot it was trained on")
        }
        // x = x̄ + r·(steering(μ*) − x̄) + r·share·U δ, where r is the neighbourhood's relevance.
        let correction = fitted.correction(neighbourhood, noise: noise(sampling, seed: seed))
        let scale = neighbourhood.relevance * record.correctionShare
        return GenerationPass(
            prior: WeightedSum(neighbourhood.members.map { ($0.weight, library.expert($0.expert).mean) }),
            origin: coordinates.origin,
            steering: steering.map {
                SteeringShares($0, neighbourhood, halves: Steering.halves(of: record.layout))
            },
            relevance: neighbourhood.relevance, directions: coordinates.directions,
            correction: correction.map { $0 * scale }
        ).run()
    }

    /// The experts that guide an intent, with their relevance.
    ///
    /// Below the threshold of relevance guidance fades linearly; at 0.6 of the threshold only the library's
    /// mean is left, so that an intent unrelated to the library does not move the adapter.
    ///
    /// - Parameters:
    ///   - embedding: the intent's unit embedding.
    ///   - options: how experts are chosen; nil takes those of the training.
    ///   - library: the experts of the generator's snapshot.
    public func neighbourhood(
        of embedding: [Float], options: GuidanceOptions? = nil, in library: Library
    ) -> Neighbourhood {
        Self.neighbourhood(
            of: embedding, options: options ?? record.plan.guidance, threshold: record.threshold, in: library)
    }

    /// The neighbourhood for a generator that is still being trained.
    static func neighbourhood(
        of embedding: [Float], options: GuidanceOptions, threshold: Float, in library: Library
    ) -> Neighbourhood {
        let search = library.index.search(embedding, by: options.measure, count: options.topK)
        return neighbourhood(search, options: options, threshold: threshold)
    }

    /// The experts that guide an intent, with their relevance, of those that a search of the snapshot's experts found.
    ///
    /// - Parameters:
    ///   - search: the nearest experts, at least K by the measure of the options.
    ///   - options: how experts are chosen.
    public func neighbourhood(_ search: ExpertSearch, options: GuidanceOptions) -> Neighbourhood {
        Self.neighbourhood(search, options: options, threshold: record.threshold)
    }

    /// The neighbourhood that a search found, with the relevance for a threshold.
    static func neighbourhood(
        _ search: ExpertSearch, options: GuidanceOptions, threshold: Float
    ) -> Neighbourhood {
        var result = search.neighbourhood(options)
        result.relevance = relevance(search, threshold: threshold)
        return result
    }

    /// r, 0...1: how far the experts that a search found can be trusted to guide.
    static func relevance(_ search: ExpertSearch, threshold: Float) -> Float {
        let fade = (search.mostRelevant?.proximity ?? 0) / threshold
        return min(1, max(0, (fade - 0.6) / 0.4))
    }

    /// Standard normal values, `[1, latent]`.
    ///
    /// The draw of the highest density under a diagonal Gaussian is the one with the smallest norm.
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

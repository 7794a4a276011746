public import ErrorModel
internal import LinearAlgebra
public import SemanticGuidance

/// `icm-lora`: a conditional VAE whose condition is the task vector of a request's examples.
///
/// The paper's generator decodes ŷ(z, t) in principal coordinates, for tasks whose own adapters were among the samples. For a new
/// task it is extended by what ``SemanticGuidedGenerator`` does: the merge of the nearest experts, exact in all D parameters, is
/// corrected by a share of what the decoder adds to it: x = μ*_t + share·U(ŷ − y*), where μ*_t is the merge by the proximity of
/// task vectors, y* its coordinates, and the share what experts support that were left out of a training. An intent whose
/// description the library knows little about fades to x̄, as with `sg-lora`.
///
/// Source: ICM-LoRA (arXiv 2501.17635); the principal coordinates, the merge, the share and the relevance are additions to it.
public struct ICMLoRAGenerator: AdapterGenerator {
    /// What the generator was trained on.
    public var record: GeneratorRecord
    let coordinates: PrincipalCoordinates
    let network: TaskVAE
    let vectors: TaskVectors
    /// The experts' statistics in coordinates, divided by their root mean square.
    let statistics: CoordinateLibrary

    /// How the latent z is drawn from N(0, I).
    public enum Sampling: Sendable, Hashable {
        /// One draw by the seed.
        case sample
        /// z = 0: the same adapter for every seed.
        case mean
    }

    /// How near each expert's task vector is to that of examples: the cosine after the experts' mean was subtracted, in the
    /// experts' order.
    public func proximities(to vector: TaskVector) -> [Float] { vectors.proximities(to: vector) }

    /// The indices of the experts whose task vectors are nearest to that of examples, nearest first.
    ///
    /// - Parameters:
    ///   - vector: the examples' task vector.
    ///   - count: how many are wanted; fewer in a smaller library.
    public func nearest(to vector: TaskVector, count: Int) -> [Int] {
        let proximities = proximities(to: vector)
        return Array(
            proximities.indices.sorted { (proximities[$0], $1) > (proximities[$1], $0) }.prefix(count))
    }

    /// The experts whose task vectors are nearest to that of examples.
    ///
    /// - Parameters:
    ///   - vector: the examples' task vector.
    ///   - options: how many guide, and how sharply; nil takes those of the training. The measure does not count.
    ///   - search: the search for the task's description, by which its relevance is judged; nil for full relevance.
    public func neighbourhood(
        of vector: TaskVector, options: GuidanceOptions? = nil, relevantBy search: ExpertSearch? = nil
    ) -> Neighbourhood {
        var result = Neighbourhood(
            proximities: proximities(to: vector), options: options ?? record.plan.guidance)
        if let search {
            result.relevance = SemanticGuidedGenerator.relevance(search, threshold: record.threshold)
        }
        return result
    }

    /// The experts whose task vectors are nearest, with the relevance of the task's description.
    ///
    /// - Parameters:
    ///   - vector: the examples' task vector.
    ///   - embedding: the description's unit embedding.
    ///   - library: the experts that the generator was trained on.
    public func neighbourhood(
        of vector: TaskVector, describedBy embedding: [Float], in library: Library
    ) -> Neighbourhood {
        neighbourhood(of: vector, relevantBy: library.index.search(embedding, by: .plain, count: 1))
    }

    /// Fails: without examples there is no task vector.
    ///
    /// - Throws: `internal`.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        throw .internal("icm-lora was asked for an adapter without examples")
    }

    /// Makes an adapter for a task of which there are examples, with one draw of z.
    ///
    /// - Throws: `internal` if the condition has no examples, or the library is not the generator's.
    public func parameters(
        for condition: TaskCondition, guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts,
        seed: UInt64
    ) throws(SgloradError) -> [Float] {
        guard let vector = condition.examples else {
            return try parameters(guidedBy: neighbourhood, in: library, seed: seed)
        }
        return try parameters(
            for: vector, guidedBy: neighbourhood, in: library, seed: seed, sampling: .sample)
    }

    /// Makes an adapter for a task of which there are examples.
    ///
    /// - Parameters:
    ///   - vector: the examples' task vector.
    ///   - neighbourhood: the experts that are merged, of ``neighbourhood(of:options:relevantBy:)``.
    ///   - library: exactly the experts that the generator was trained on.
    ///   - seed: the seed of z.
    ///   - sampling: how z is drawn.
    /// - Returns: `library.layout.parameterCount` values.
    /// - Throws: `internal` if the library is not the generator's.
    public func parameters(
        for vector: TaskVector, guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts,
        seed: UInt64, sampling: Sampling
    ) throws(SgloradError) -> [Float] {
        guard library.consists(of: record.experts), library.layout == record.layout else {
            throw .internal("a generator was used with a library that is not the snapshot it was trained on")
        }
        // x = x̄ + r·(μ* − x̄) + r·share·U (ŷ − y*), where r is the neighbourhood's relevance.
        let correction = correction(of: vector, to: neighbourhood, noise: noise(sampling, seed: seed))
        let scale = neighbourhood.relevance * record.correctionShare
        return GenerationPass(
            prior: WeightedSum(neighbourhood.members.map { ($0.weight, library.expert($0.expert).mean) }),
            origin: coordinates.origin, steering: nil, relevance: neighbourhood.relevance,
            directions: coordinates.directions, correction: correction.map { $0 * scale }
        ).run()
    }

    /// The decoder's own adapter x̄ + U ŷ, as in the paper, for tasks whose adapters were among the samples.
    ///
    /// - Parameters:
    ///   - vector: the examples' task vector.
    ///   - seed: the seed of z.
    ///   - sampling: how z is drawn.
    public func decoded(_ vector: TaskVector, seed: UInt64, sampling: Sampling = .sample) -> [Float] {
        var x = coordinates.origin.array
        coordinates.add(decode(vector, noise: noise(sampling, seed: seed)), to: &x)
        return x
    }

    /// ŷ − y*, k values in the units of the parameters.
    ///
    /// - Parameter noise: z, `[1, latent]`; nil for z = 0.
    func correction(of vector: TaskVector, to neighbourhood: Neighbourhood, noise: Matrix? = nil) -> [Float] {
        var start = [Float](repeating: 0, count: coordinates.count)
        for member in neighbourhood.members {
            for place in start.indices {
                start[place] += member.weight * statistics.means[member.expert, place] * statistics.unit
            }
        }
        return zip(decode(vector, noise: noise), start).map { $0 - $1 }
    }

    /// ŷ, k values in the units of the parameters.
    private func decode(_ vector: TaskVector, noise: Matrix?) -> [Float] {
        network.decode(
            noise: noise ?? Matrix(rows: 1, columns: network.latent),
            condition: Matrix(stacking: [vectors.condition(vector)])
        ).values.map { $0 * statistics.unit }
    }

    private func noise(_ sampling: Sampling, seed: UInt64) -> Matrix? {
        guard case .sample = sampling else { return nil }
        var random = CounterRandom(seed: seed, stream: 0x4943_4D4C_4F52_41)
        return Matrix(rows: 1, columns: network.latent, values: random.gaussians(network.latent))
    }
}

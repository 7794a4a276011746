public import ErrorModel
internal import LinearAlgebra
public import SemanticGuidance

/// `icm-lora`: a conditional VAE whose condition is the task vector of a request's examples.
///
/// The paper's generator decodes ŷ(z, t) in principal coordinates, for tasks whose own adapters were among the samples. For a new
/// task it is extended by what ``SemanticGuidedGenerator`` does: the merge of the nearest experts, exact in all D parameters, is
/// corrected by a share of what the decoder adds to it: x = μ*_t + share·U(ŷ − y*), where μ*_t is the merge by the proximity of
/// task vectors, y* its coordinates, and the share what experts support that were left out of a training.
///
/// Source: ICM-LoRA (arXiv 2501.17635); the principal coordinates, the merge and the share are additions to it.
public struct ICMLoRAGenerator: Sendable {
    /// The plan that the training followed.
    public let plan: ICMPlan
    /// The experts that it was trained on, in their order.
    public let experts: [GeneratorRecord.Expert]
    /// The share of the decoder's correction that left-out experts support, 0...1.
    public internal(set) var share: Float
    /// The reconstruction term of the loss, averaged over the last tenth of the steps.
    public let reconstruction: Float
    /// The divergence term of the loss, averaged over the last tenth of the steps.
    public let divergence: Float
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

    /// The experts whose task vectors are nearest to that of examples.
    public func neighbourhood(of vector: TaskVector) -> Neighbourhood {
        Neighbourhood(proximities: vectors.proximities(to: vector), options: plan.guidance)
    }

    /// Makes an adapter for a task of which there are examples.
    ///
    /// - Parameters:
    ///   - vector: the examples' task vector.
    ///   - library: exactly the experts that the generator was trained on.
    ///   - seed: the seed of z.
    ///   - sampling: how z is drawn.
    /// - Returns: `library.layout.parameterCount` values.
    /// - Throws: `internal` if the library is not the generator's.
    public func parameters(
        for vector: TaskVector, in library: any GuidingExperts, seed: UInt64, sampling: Sampling = .sample
    ) throws(SgloradError) -> [Float] {
        guard library.consists(of: experts) else {
            throw .internal("a generator was used with a library that is not the snapshot it was trained on")
        }
        let neighbourhood = neighbourhood(of: vector)
        var x = try library.merged(neighbourhood)
        let correction = correction(of: vector, to: neighbourhood, noise: noise(sampling, seed: seed))
        coordinates.add(correction.map { $0 * share }, to: &x)
        return x
    }

    /// The decoder's own adapter x̄ + U ŷ, as in the paper, for tasks whose adapters were among the samples.
    ///
    /// - Parameters: as of ``parameters(for:in:seed:sampling:)``.
    public func decoded(_ vector: TaskVector, seed: UInt64, sampling: Sampling = .sample) -> [Float] {
        var x = coordinates.origin.array
        coordinates.add(decode(vector, noise: noise(sampling, seed: seed)), to: &x)
        return x
    }

    /// ŷ − y*, k values in the units of the parameters.
    func correction(of vector: TaskVector, to neighbourhood: Neighbourhood, noise: Matrix) -> [Float] {
        var start = [Float](repeating: 0, count: coordinates.count)
        for member in neighbourhood.members {
            for place in start.indices {
                start[place] += member.weight * statistics.means[member.expert, place] * statistics.unit
            }
        }
        return zip(decode(vector, noise: noise), start).map { $0 - $1 }
    }

    /// ŷ, k values in the units of the parameters.
    private func decode(_ vector: TaskVector, noise: Matrix) -> [Float] {
        network.decode(noise: noise, condition: Matrix(stacking: [vectors.condition(vector)])).values
            .map { $0 * statistics.unit }
    }

    private func noise(_ sampling: Sampling, seed: UInt64) -> Matrix {
        guard case .sample = sampling else { return Matrix(rows: 1, columns: network.latent) }
        var random = CounterRandom(seed: seed, stream: 0x4943_4D4C_4F52_41)
        return Matrix(rows: 1, columns: network.latent, values: random.gaussians(network.latent))
    }
}

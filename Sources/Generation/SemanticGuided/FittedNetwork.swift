internal import LinearAlgebra
internal import SemanticGuidance

/// A conditional VAE fitted to a library, with the experts' statistics that its conditions are made of.
struct FittedNetwork: Sendable {
    let experts: CoordinateLibrary
    let network: ConditionalVAE
    /// The loss, averaged over the last tenth of the steps.
    let loss: ConditionalVAE.Loss

    /// δ, the correction to μ* in principal coordinates, k values in the units of the parameters.
    ///
    /// - Parameter noise: standard normal values, `[1, latent]`; nil decodes the mean of p(z|c).
    func correction(_ neighbourhood: Neighbourhood, noise: Matrix?) -> [Float] {
        let condition = Matrix(stacking: [experts.condition(neighbourhood)])
        let zeros = Matrix(rows: 1, columns: network.latent)
        return network.sample(condition: condition, noise: noise ?? zeros).values.map { $0 * experts.unit }
    }
}

/// A library's experts in principal coordinates, divided by ``unit``.
struct CoordinateLibrary: Sendable {
    /// The root mean square of the training coordinates, by which they are divided for the network.
    let unit: Float
    /// μ_e, `[experts, k]`.
    let means: Matrix
    /// σ_e², `[experts, k]`.
    let variances: Matrix

    /// The condition c of a neighbourhood: μ* and √σ*², concatenated, 2k values.
    ///
    /// μ* and σ*² are those of `SemanticPrior` (the law of total variance), in k coordinates instead of D
    /// parameters.
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

extension CoordinateLibrary {
    /// Divides coordinates by their root mean square.
    static func normalised(_ coordinates: [[[Float]]]) -> (samples: [[[Float]]], unit: Float) {
        let all = coordinates.flatMap { $0 }
        let power = all.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) * Double($1) } }
        let count = all.reduce(0) { $0 + $1.count }
        let unit = Float((power / Double(max(1, count))).squareRoot())
        return (coordinates.map { $0.map { $0.map { $0 / unit } } }, unit)
    }

    /// The statistics of checkpoints that are already divided by `unit`.
    ///
    /// - Parameter checkpoints: for each expert its checkpoints, k values each.
    init(_ checkpoints: [[[Float]]], unit: Float) {
        let moments = checkpoints.map(Self.moments)
        self.init(
            unit: unit, means: Matrix(stacking: moments.map(\.mean)),
            variances: Matrix(stacking: moments.map(\.variance)))
    }

    /// The mean and the population variance of one expert's checkpoints.
    private static func moments(_ checkpoints: [[Float]]) -> (mean: [Float], variance: [Float]) {
        let share = 1 / Float(checkpoints.count)
        var mean = [Float](repeating: 0, count: checkpoints.first?.count ?? 0)
        for checkpoint in checkpoints {
            for index in mean.indices { mean[index] += share * checkpoint[index] }
        }
        var variance = [Float](repeating: 0, count: mean.count)
        for checkpoint in checkpoints {
            for index in mean.indices {
                let distance = checkpoint[index] - mean[index]
                variance[index] += share * distance * distance
            }
        }
        return (mean, variance)
    }
}

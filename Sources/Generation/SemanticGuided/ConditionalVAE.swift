internal import LinearAlgebra

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The conditional variational autoencoder of SG-LoRA with its learned prior, over a library's principal coordinates.
///
/// The condition c is the semantic prior's mean and standard deviation in k coordinates, side by side `[n, 2k]`. Encoder
/// q(z|y,c) and prior p(z|c) are two-layer perceptrons that give a diagonal Gaussian's mean and log-variance; the decoder
/// is a three-layer perceptron whose output is a correction to the condition's mean, zero before it is trained.
struct ConditionalVAE: Sendable {
    /// k.
    let coordinates: Int
    /// How many numbers z has.
    let latent: Int
    /// Whether z is always 0: the decoder alone, with neither encoder nor prior.
    let deterministic: Bool
    var encoder: Perceptron
    var prior: Perceptron
    var decoder: Perceptron

    /// Networks with random weights.
    init(
        coordinates: Int, latent: Int, width: Int, deterministic: Bool = false, random: inout CounterRandom
    ) {
        self.coordinates = coordinates
        self.latent = latent
        self.deterministic = deterministic
        encoder = Perceptron(
            widths: [3 * coordinates, width, 2 * latent], silentOutput: true, random: &random)
        prior = Perceptron(widths: [2 * coordinates, width, 2 * latent], silentOutput: true, random: &random)
        decoder = Perceptron(
            widths: [latent + 2 * coordinates, width, width, coordinates], silentOutput: true, random: &random
        )
    }

    init(
        coordinates: Int, latent: Int, deterministic: Bool = false, encoder: Perceptron, prior: Perceptron,
        decoder: Perceptron
    ) {
        self.coordinates = coordinates
        self.latent = latent
        self.deterministic = deterministic
        self.encoder = encoder
        self.prior = prior
        self.decoder = decoder
    }

    /// All layers, in one fixed order.
    var layers: [DenseLayer] {
        get { encoder.layers + prior.layers + decoder.layers }
        set {
            let first = encoder.layers.count
            let second = first + prior.layers.count
            encoder.layers = Array(newValue[..<first])
            prior.layers = Array(newValue[first..<second])
            decoder.layers = Array(newValue[second...])
        }
    }

    /// z ~ p(z|c), decoded: the correction δ to the condition's mean, `[n, k]`.
    ///
    /// - Parameters:
    ///   - condition: `[n, 2k]`.
    ///   - noise: standard normal numbers, `[n, latent]`; zeros decode the mean of the prior.
    func sample(condition: Matrix, noise: Matrix) -> Matrix {
        let z =
            deterministic
            ? Matrix(rows: condition.rows, columns: latent)
            : Gaussian(prior(condition), latent: latent).sample(noise)
        return decoder(.joined([z, condition]))
    }

    /// The two parts of the loss, each a mean over the batch.
    struct Loss: Sendable {
        /// ‖y − ŷ‖².
        var reconstruction: Float
        /// KL(q(z|y,c) ‖ p(z|c)).
        var divergence: Float
    }

    /// The loss ‖y − ŷ‖² + λ·KL(q‖p) of a batch, and its gradient by ``layers``.
    ///
    /// - Parameters:
    ///   - target: y, `[n, k]`.
    ///   - condition: c, `[n, 2k]`.
    ///   - noise: the standard normal numbers that q is sampled with, `[n, latent]`.
    func loss(
        target: Matrix, condition: Matrix, noise: Matrix, lambda: Float
    ) -> (loss: Loss, gradients: [DenseLayer]) {
        if deterministic { return decoderLoss(target: target, condition: condition) }
        let n = target.rows
        let share = 1 / Float(n)
        let encoded = encoder.forward(.joined([target, condition]))
        let conditioned = prior.forward(condition)
        let q = Gaussian(encoded.output, latent: latent)
        let p = Gaussian(conditioned.output, latent: latent)
        let decoded = decoder.forward(.joined([q.sample(noise), condition]))

        var (loss, byOutput) = reconstruction(decoded.output, target: target, condition: condition)
        let decoderStep = decoder.backward(decoded, gradient: byOutput)
        let byLatent = decoderStep.input.columns(0..<latent)

        var byQ = Matrix(rows: n, columns: 2 * latent)
        var byP = Matrix(rows: n, columns: 2 * latent)
        for row in 0..<n {
            for column in 0..<latent {
                let spread = column + latent
                let difference = q.mean[row, column] - p.mean[row, column]
                let qVariance = exp(q.logVariance[row, column])
                let pVariance = exp(p.logVariance[row, column])
                let ratio = (qVariance + difference * difference) / pVariance
                loss.divergence +=
                    share * 0.5 * (p.logVariance[row, column] - q.logVariance[row, column] + ratio - 1)
                let pull = lambda * share * difference / pVariance
                byQ[row, column] = byLatent[row, column] + pull
                byP[row, column] = -pull
                byQ[row, spread] =
                    byLatent[row, column] * noise[row, column] * 0.5 * qVariance.squareRoot()
                    + lambda * share * 0.5 * (qVariance / pVariance - 1)
                byP[row, spread] = lambda * share * 0.5 * (1 - ratio)
            }
        }
        q.stopGradientWhereClamped(&byQ)
        p.stopGradientWhereClamped(&byP)
        let encoderStep = encoder.backward(encoded, gradient: byQ)
        let priorStep = prior.backward(conditioned, gradient: byP)
        return (loss, encoderStep.layers + priorStep.layers + decoderStep.layers)
    }

    /// ‖y − ŷ‖² alone, with z = 0; the other networks' gradients are zero.
    private func decoderLoss(target: Matrix, condition: Matrix) -> (loss: Loss, gradients: [DenseLayer]) {
        let z = Matrix(rows: target.rows, columns: latent)
        let decoded = decoder.forward(.joined([z, condition]))
        let (loss, byOutput) = reconstruction(decoded.output, target: target, condition: condition)
        let silent = (encoder.layers + prior.layers).map {
            DenseLayer(inputs: $0.weight.columns, outputs: $0.weight.rows)
        }
        return (loss, silent + decoder.backward(decoded, gradient: byOutput).layers)
    }

    /// ‖y − ŷ‖², a mean over the batch, and its gradient by the decoder's output.
    private func reconstruction(
        _ output: Matrix, target: Matrix, condition: Matrix
    ) -> (loss: Loss, byOutput: Matrix) {
        let share = 1 / Float(target.rows)
        var loss = Loss(reconstruction: 0, divergence: 0)
        var byOutput = Matrix(rows: target.rows, columns: coordinates)
        for row in 0..<target.rows {
            for column in 0..<coordinates {
                let error = condition[row, column] + output[row, column] - target[row, column]
                loss.reconstruction += share * error * error
                byOutput[row, column] = 2 * share * error
            }
        }
        return (loss, byOutput)
    }
}

/// Diagonal Gaussians as a network's output says them: means and log-variances side by side, `[n, 2·latent]`.
private struct Gaussian {
    let mean: Matrix
    let logVariance: Matrix
    private let clamped: [Bool]

    /// Log-variances are held within ±8, where their exponentials are harmless.
    init(_ output: Matrix, latent: Int) {
        mean = output.columns(0..<latent)
        var spread = output.columns(latent..<2 * latent)
        clamped = spread.values.map { abs($0) > 8 }
        spread.values = spread.values.map { min(8, max(-8, $0)) }
        logVariance = spread
    }

    func sample(_ noise: Matrix) -> Matrix {
        var z = mean
        for place in z.values.indices {
            z.values[place] += exp(logVariance.values[place] / 2) * noise.values[place]
        }
        return z
    }

    func stopGradientWhereClamped(_ gradient: inout Matrix) {
        for row in 0..<mean.rows {
            for column in 0..<mean.columns where clamped[row * mean.columns + column] {
                gradient[row, mean.columns + column] = 0
            }
        }
    }
}

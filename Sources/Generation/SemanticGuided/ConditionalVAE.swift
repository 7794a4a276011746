internal import Glibc
internal import LinearAlgebra

/// The conditional VAE of SG-LoRA (arXiv 2509.10535) with a learned prior, in principal coordinates.
///
/// The condition c is the mean and the standard deviation of the semantic prior in k coordinates,
/// concatenated, `[n, 2k]`. The encoder q(z|y,c) and the prior p(z|c) are two-layer perceptrons that output
/// the mean and log-variance of a diagonal Gaussian. The decoder is a three-layer perceptron whose output is
/// a correction to the condition's mean, zero before training.
struct ConditionalVAE: Sendable {
    /// k, the number of principal coordinates.
    let coordinates: Int
    /// The dimension of z.
    let latent: Int
    /// Whether z is always 0: the decoder alone, without encoder and prior.
    let deterministic: Bool
    var encoder: Perceptron
    var prior: Perceptron
    var decoder: Perceptron
}

extension ConditionalVAE {
    /// Creates networks with random hidden layers and output layers of zeros.
    init(
        coordinates: Int, latent: Int, width: Int, deterministic: Bool = false, random: inout CounterRandom
    ) {
        func network(_ widths: [Int]) -> Perceptron {
            Perceptron(widths: widths, silentOutput: true, random: &random)
        }
        self.init(
            coordinates: coordinates, latent: latent, deterministic: deterministic,
            encoder: network([3 * coordinates, width, 2 * latent]),
            prior: network([2 * coordinates, width, 2 * latent]),
            decoder: network([latent + 2 * coordinates, width, width, coordinates]))
    }

    /// All layers: those of the encoder, the prior and the decoder.
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

    /// Draws z ~ p(z|c) and decodes it into the correction δ to the condition's mean, `[n, k]`.
    ///
    /// - Parameters:
    ///   - condition: `[n, 2k]`.
    ///   - noise: standard normal values, `[n, latent]`; zeros decode the mean of p(z|c).
    func sample(condition: Matrix, noise: Matrix) -> Matrix {
        let z =
            deterministic
            ? Matrix(rows: condition.rows, columns: latent)
            : Gaussian(prior(condition), latent: latent).sample(noise)
        return decoder(.joined([z, condition]))
    }

    /// The two terms of the loss, each averaged over the batch.
    struct Loss: Sendable {
        /// ‖y − ŷ‖².
        var reconstruction: Float
        /// KL(q(z|y,c) ‖ p(z|c)).
        var divergence: Float
    }

    /// The loss ‖y − ŷ‖² + λ·KL(q‖p) of a batch (SG-LoRA, arXiv 2509.10535), and its gradient with respect to
    /// ``layers``.
    ///
    /// For diagonal Gaussians, KL(q‖p) = ½ Σ (log σ_p² − log σ_q² + (σ_q² + (μ_q − μ_p)²)/σ_p² − 1). z is
    /// sampled from q by the reparameterisation trick (Kingma and Welling, 2014).
    ///
    /// - Parameters:
    ///   - target: y, `[n, k]`.
    ///   - condition: c, `[n, 2k]`.
    ///   - noise: the standard normal values that q is sampled with, `[n, latent]`.
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

    /// ‖y − ŷ‖² alone, with z = 0; the gradients of encoder and prior are zero.
    private func decoderLoss(target: Matrix, condition: Matrix) -> (loss: Loss, gradients: [DenseLayer]) {
        let z = Matrix(rows: target.rows, columns: latent)
        let decoded = decoder.forward(.joined([z, condition]))
        let (loss, byOutput) = reconstruction(decoded.output, target: target, condition: condition)
        let silent = (encoder.layers + prior.layers).map {
            DenseLayer(inputs: $0.weight.columns, outputs: $0.weight.rows)
        }
        return (loss, silent + decoder.backward(decoded, gradient: byOutput).layers)
    }

    /// ‖y − ŷ‖² averaged over the batch, and its gradient with respect to the decoder's output.
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

/// A batch of diagonal Gaussians, read from a network's output `[n, 2·latent]`: means, then log-variances.
private struct Gaussian {
    let mean: Matrix
    let logVariance: Matrix
    private let clamped: [Bool]

    /// Clamps log-variances to ±8, so that their exponentials stay finite.
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

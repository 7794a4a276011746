internal import Glibc
internal import LinearAlgebra

/// The conditional VAE of ICM-LoRA (arXiv 2501.17635) in principal coordinates: the condition is a task vector t, and the prior
/// of z is N(0, I).
///
/// The encoder q(z|y,t) is a two-layer perceptron that gives the mean and the log-variance of a diagonal Gaussian, the decoder
/// ŷ(z, t) a three-layer one. The paper's networks are convolutions over the parameters themselves.
struct TaskVAE: Sendable {
    /// k, the number of principal coordinates.
    let coordinates: Int
    /// The dimension of z.
    let latent: Int
    /// Ablation: whether z is always 0, which leaves the decoder alone.
    let deterministic: Bool
    var encoder: Perceptron
    var decoder: Perceptron

    /// The widths of the encoder's layers, from the input's.
    static func encoderWidths(coordinates: Int, condition: Int, latent: Int, width: Int) -> [Int] {
        [coordinates + condition, width, 2 * latent]
    }

    /// The widths of the decoder's layers, from the input's.
    static func decoderWidths(coordinates: Int, condition: Int, latent: Int, width: Int) -> [Int] {
        [latent + condition, width, width, coordinates]
    }

    /// All layers: the encoder's, then the decoder's.
    var layers: [DenseLayer] {
        get { encoder.layers + decoder.layers }
        set {
            encoder.layers = Array(newValue[..<encoder.layers.count])
            decoder.layers = Array(newValue[encoder.layers.count...])
        }
    }
}

extension TaskVAE {
    /// Creates networks with random hidden layers and output layers of zeros.
    init(
        coordinates: Int, condition: Int, latent: Int, width: Int, deterministic: Bool,
        random: inout CounterRandom
    ) {
        let encoder = Self.encoderWidths(
            coordinates: coordinates, condition: condition, latent: latent, width: width)
        let decoder = Self.decoderWidths(
            coordinates: coordinates, condition: condition, latent: latent, width: width)
        self.init(
            coordinates: coordinates, latent: latent, deterministic: deterministic,
            encoder: Perceptron(widths: encoder, silentOutput: true, random: &random),
            decoder: Perceptron(widths: decoder, silentOutput: true, random: &random))
    }

    /// ŷ for a latent and a condition, `[n, k]`.
    ///
    /// - Parameters:
    ///   - noise: z, `[n, latent]`; the ablation without a latent ignores it.
    ///   - condition: t, `[n, c]`.
    func decode(noise: Matrix, condition: Matrix) -> Matrix {
        let z = deterministic ? Matrix(rows: condition.rows, columns: latent) : noise
        return decoder(.joined([z, condition]))
    }

    /// ‖y − ŷ‖²/k + β·KL(q(z|y,t) ‖ N(0, I)), averaged over the batch, and its gradient with respect to ``layers``.
    ///
    /// KL = ½ Σ (μ² + σ² − log σ² − 1); z is drawn by the reparameterisation trick (Kingma and Welling, 2014).
    ///
    /// - Parameters:
    ///   - target: y, `[n, k]`.
    ///   - condition: t, `[n, c]`.
    ///   - noise: standard normal values, `[n, latent]`.
    ///   - beta: β.
    func loss(
        target: Matrix, condition: Matrix, noise: Matrix, beta: Float
    ) -> (loss: ConditionalVAE.Loss, gradients: [DenseLayer]) {
        let n = target.rows
        let encoded = encoder.forward(.joined([target, condition]))
        var z = Matrix(rows: n, columns: latent)
        if !deterministic {
            for row in 0..<n {
                for column in 0..<latent {
                    z[row, column] =
                        encoded.output[row, column]
                        + exp(Self.clamped(encoded.output[row, latent + column]) / 2) * noise[row, column]
                }
            }
        }
        let decoded = decoder.forward(.joined([z, condition]))
        let share = 1 / Float(n * coordinates)
        var loss = ConditionalVAE.Loss(reconstruction: 0, divergence: 0)
        var byOutput = Matrix(rows: n, columns: coordinates)
        for place in byOutput.values.indices {
            let error = decoded.output.values[place] - target.values[place]
            loss.reconstruction += share * error * error
            byOutput.values[place] = 2 * share * error
        }
        let decoderStep = decoder.backward(decoded, gradient: byOutput)
        guard !deterministic else {
            let silent = encoder.layers.map {
                DenseLayer(inputs: $0.weight.columns, outputs: $0.weight.rows)
            }
            return (loss, silent + decoderStep.layers)
        }
        var byEncoded = Matrix(rows: n, columns: 2 * latent)
        for row in 0..<n {
            for column in 0..<latent {
                let spread = latent + column
                let (mean, raw) = (encoded.output[row, column], encoded.output[row, spread])
                let log = Self.clamped(raw)
                let variance = exp(log)
                loss.divergence += (mean * mean + variance - log - 1) / Float(2 * n)
                let byLatent = decoderStep.input[row, column]
                byEncoded[row, column] = byLatent + beta * mean / Float(n)
                if log == raw {
                    byEncoded[row, spread] =
                        byLatent * noise[row, column] * 0.5 * variance.squareRoot()
                        + beta * 0.5 * (variance - 1) / Float(n)
                }
            }
        }
        return (loss, encoder.backward(encoded, gradient: byEncoded).layers + decoderStep.layers)
    }

    /// Keeps a log-variance's exponential finite.
    private static func clamped(_ value: Float) -> Float { min(8, max(-8, value)) }
}

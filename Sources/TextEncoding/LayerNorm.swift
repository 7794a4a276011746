internal import CEncoderKernels
internal import LinearAlgebra

/// Layer normalisation: each row is normalised to mean 0 and variance 1, then scaled and shifted by feature.
///
/// Source: Ba, Kiros and Hinton, "Layer Normalization", 2016; the variance is the population's.
struct LayerNorm: Sendable {
    /// The scale, `[width]`.
    let weight: FloatVector
    /// The shift, `[width]`.
    let bias: FloatVector
    /// Added to the variance.
    let epsilon: Float

    /// Normalises `rows` rows in place, after adding `residual` (the same number of rows) if it is given.
    func apply(rows: Int, _ x: UnsafeMutablePointer<Float>, adding residual: UnsafePointer<Float>?) {
        apply(rows: rows, x, adding: residual, into: x, normalised: nil, factors: nil)
    }

    /// As `apply(rows:_:adding:)`, with separate input and output, and keeping what the backward pass needs.
    ///
    /// - Parameters:
    ///   - output: the result, `[rows, width]`.
    ///   - normalised: receives the rows before scale and shift, `[rows, width]`.
    ///   - factors: receives the reciprocal of each row's standard deviation, `[rows]`.
    func apply(
        rows: Int, _ x: UnsafePointer<Float>, adding residual: UnsafePointer<Float>?,
        into output: UnsafeMutablePointer<Float>, normalised: UnsafeMutablePointer<Float>?,
        factors: UnsafeMutablePointer<Float>?
    ) {
        weight.withUnsafeBufferPointer { weight in
            bias.withUnsafeBufferPointer { bias in
                guard let start = weight.baseAddress, let bias = bias.baseAddress else { return }
                EncoderKernels.normalise(
                    EncoderNorm(
                        rows: rows, width: weight.count, x: x, residual: residual, weight: start, bias: bias,
                        epsilon: epsilon, y: output, normalised: normalised, factors: factors))
            }
        }
    }
}

extension LayerNorm {
    /// Converts the gradient with respect to the output to that with respect to the input, in place.
    ///
    /// With x̂ the normalised row, g = gradient∘weight and s the reciprocal of the standard deviation: s·(g −
    /// mean(g) − x̂·mean(g∘x̂)).
    func back(
        rows: Int, gradient: UnsafeMutablePointer<Float>, normalised: UnsafePointer<Float>,
        factors: UnsafePointer<Float>
    ) {
        let width = weight.count
        weight.withUnsafeBufferPointer { weight in
            for row in 0..<rows {
                let g = gradient + row * width
                let unit = normalised + row * width
                var sum: Float = 0
                var product: Float = 0
                for index in 0..<width {
                    g[index] *= weight[index]
                    sum += g[index]
                    product += g[index] * unit[index]
                }
                sum /= Float(width)
                product /= Float(width)
                for index in 0..<width { g[index] = factors[row] * (g[index] - sum - unit[index] * product) }
            }
        }
    }
}

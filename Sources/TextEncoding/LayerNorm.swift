internal import LinearAlgebra

/// Normalisation of a row to mean 0 and variance 1, then a factor and a term for each number.
///
/// Source: Ba, Kiros and Hinton, "Layer Normalization", 2016; the variance is that of the population.
struct LayerNorm: Sendable {
    /// The factors, `[width]`.
    let weight: FloatVector
    /// The terms, `[width]`.
    let bias: FloatVector
    /// Added to the variance.
    let epsilon: Float

    /// Normalises `rows` rows in place, after `residual` (as many rows, or none) has been added to them.
    func apply(rows: Int, _ x: UnsafeMutablePointer<Float>, adding residual: UnsafePointer<Float>?) {
        let width = weight.count
        weight.withUnsafeBufferPointer { weight in
            bias.withUnsafeBufferPointer { bias in
                guard let weight = weight.baseAddress, let bias = bias.baseAddress else { return }
                for row in 0..<rows {
                    let values = x + row * width
                    if let residual { Kernels.add(residual + row * width, to: values, count: width) }
                    let mean = Kernels.sum(values, count: width) / Float(width)
                    let variance = Kernels.squares(values, around: mean, count: width) / Float(width)
                    let factor = 1 / (variance + epsilon).squareRoot()
                    Kernels.normalise(
                        values, mean: mean, factor: factor, weight: weight, bias: bias, count: width)
                }
            }
        }
    }
}

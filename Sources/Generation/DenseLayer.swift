internal import LinearAlgebra

/// One fully connected layer: y = x Wᵀ + b.
struct DenseLayer: Sendable {
    /// W, `[out, in]`.
    var weight: Matrix
    /// b, `out` numbers.
    var bias: [Float]

    /// A layer of zeros: as a network's last layer it says nothing until it is trained.
    init(inputs: Int, outputs: Int) {
        weight = Matrix(rows: outputs, columns: inputs)
        bias = [Float](repeating: 0, count: outputs)
    }

    /// A layer of weights that were trained before.
    init(weight: Matrix, bias: [Float]) {
        self.weight = weight
        self.bias = bias
    }

    /// A layer before a ReLU: weights from a normal distribution of variance 2/in (He et al., 2015), no bias.
    init(inputs: Int, outputs: Int, random: inout CounterRandom) {
        self.init(inputs: inputs, outputs: outputs)
        let deviation = (2 / Float(inputs)).squareRoot()
        weight.values = random.gaussians(inputs * outputs).map { $0 * deviation }
    }

    /// The layer's output for a batch `[n, in]`: `[n, out]`.
    func callAsFunction(_ x: Matrix) -> Matrix {
        var y = x.multiplied(by: weight, transposeOther: true)
        for row in 0..<y.rows {
            for column in 0..<y.columns { y[row, column] += bias[column] }
        }
        return y
    }
}

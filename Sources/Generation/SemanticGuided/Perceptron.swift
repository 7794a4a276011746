internal import Glibc
internal import LinearAlgebra

/// One fully connected layer: y = x Wᵀ + b.
struct DenseLayer: Sendable {
    /// W, `[out, in]`.
    var weight: Matrix
    /// b, `[out]`.
    var bias: [Float]

    /// A layer of zeros: an output layer that has no effect before training.
    init(inputs: Int, outputs: Int) {
        weight = Matrix(rows: outputs, columns: inputs)
        bias = [Float](repeating: 0, count: outputs)
    }

    /// A layer with given weights.
    init(weight: Matrix, bias: [Float]) {
        self.weight = weight
        self.bias = bias
    }

    /// A hidden layer before a ReLU: normal weights of variance 2/in (He et al., 2015), zero bias.
    init(inputs: Int, outputs: Int, random: inout CounterRandom) {
        self.init(inputs: inputs, outputs: outputs)
        let deviation = (2 / Float(inputs)).squareRoot()
        weight.values = random.gaussians(inputs * outputs).map { $0 * deviation }
    }

    /// The output `[n, out]` for a batch `[n, in]`.
    func callAsFunction(_ x: Matrix) -> Matrix {
        var y = x.multiplied(by: weight, transposeOther: true)
        for row in 0..<y.rows {
            for column in 0..<y.columns { y[row, column] += bias[column] }
        }
        return y
    }
}

/// The activation u·σ(u) (Elfwing et al., 2018).
enum SiLU {
    /// The activation of every element.
    static func applied(to x: Matrix) -> Matrix {
        var y = x
        for place in y.values.indices { y.values[place] /= 1 + exp(-y.values[place]) }
        return y
    }

    /// Its derivative σ(u)·(1 + u·(1 − σ(u))).
    static func slope(_ u: Float) -> Float {
        let sigmoid = 1 / (1 + exp(-u))
        return sigmoid * (1 + u * (1 - sigmoid))
    }
}

/// A multilayer perceptron: fully connected layers with a ReLU after each but the last.
struct Perceptron: Sendable {
    var layers: [DenseLayer]

    /// Creates randomly initialised layers; the first width is the input's.
    ///
    /// - Parameter silentOutput: whether the output layer is all zeros.
    init(widths: [Int], silentOutput: Bool, random: inout CounterRandom) {
        layers = []
        for (index, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
            let isLast = index == widths.count - 2
            layers.append(
                isLast && silentOutput
                    ? DenseLayer(inputs: inputs, outputs: outputs)
                    : DenseLayer(inputs: inputs, outputs: outputs, random: &random))
        }
    }

    init(layers: [DenseLayer]) {
        self.layers = layers
    }

    /// The output `[n, out]` for a batch `[n, in]`.
    func callAsFunction(_ x: Matrix) -> Matrix {
        forward(x).output
    }

    /// The activations of a forward pass that backpropagation needs.
    struct Trace {
        /// Each layer's input; all but the first are outputs of a ReLU.
        var inputs: [Matrix]
        var output: Matrix
    }

    /// Runs a forward pass and keeps each layer's input.
    func forward(_ x: Matrix) -> Trace {
        var inputs: [Matrix] = []
        var current = x
        for (index, layer) in layers.enumerated() {
            inputs.append(current)
            current = layer(current)
            if index < layers.count - 1 {
                for place in current.values.indices { current.values[place] = max(0, current.values[place]) }
            }
        }
        return Trace(inputs: inputs, output: current)
    }

    /// Backpropagates the gradient of a loss from the output to the layers and the input.
    func backward(_ trace: Trace, gradient output: Matrix) -> (layers: [DenseLayer], input: Matrix) {
        var gradients = layers
        var current = output
        for index in layers.indices.reversed() {
            gradients[index].weight = current.multiplied(by: trace.inputs[index], transposeSelf: true)
            gradients[index].bias = current.columnSums()
            var input = current.multiplied(by: layers[index].weight)
            if index > 0 {
                for place in input.values.indices where trace.inputs[index].values[place] <= 0 {
                    input.values[place] = 0
                }
            }
            current = input
        }
        return (gradients, current)
    }
}

extension Matrix {
    /// The sum of each column.
    func columnSums() -> [Float] {
        var sums = [Float](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns { sums[column] += self[row, column] }
        }
        return sums
    }

    /// The matrices concatenated by columns; all must have the same number of rows.
    static func joined(_ parts: [Matrix]) -> Matrix {
        let rows = parts.first?.rows ?? 0
        var result = Matrix(rows: rows, columns: parts.reduce(0) { $0 + $1.columns })
        var offset = 0
        for part in parts {
            for row in 0..<rows {
                for column in 0..<part.columns { result[row, offset + column] = part[row, column] }
            }
            offset += part.columns
        }
        return result
    }

    /// A range of columns.
    func columns(_ range: Range<Int>) -> Matrix {
        var result = Matrix(rows: rows, columns: range.count)
        for row in 0..<rows {
            for column in range { result[row, column - range.lowerBound] = self[row, column] }
        }
        return result
    }
}

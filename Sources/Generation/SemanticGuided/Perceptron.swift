internal import LinearAlgebra

/// Fully connected layers with a ReLU between each two.
struct Perceptron: Sendable {
    var layers: [DenseLayer]

    /// Random layers of the given widths, the first being the input's.
    ///
    /// - Parameter silentOutput: whether the last layer starts at zero.
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

    /// The output for a batch `[n, in]`.
    func callAsFunction(_ x: Matrix) -> Matrix {
        forward(x).output
    }

    /// What a forward pass leaves for the backward one.
    struct Trace {
        /// Each layer's input; after the first they are outputs of a ReLU.
        var inputs: [Matrix]
        var output: Matrix
    }

    /// A forward pass that keeps each layer's input.
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

    /// The gradient of a loss by the layers and by the input, from its gradient by the output.
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
    fileprivate func columnSums() -> [Float] {
        var sums = [Float](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns { sums[column] += self[row, column] }
        }
        return sums
    }

    /// The matrices side by side; all of as many rows.
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

    /// Some of the columns.
    func columns(_ range: Range<Int>) -> Matrix {
        var result = Matrix(rows: rows, columns: range.count)
        for row in 0..<rows {
            for column in range { result[row, column - range.lowerBound] = self[row, column] }
        }
        return result
    }
}

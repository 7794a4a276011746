internal import ErrorModel
public import LinearAlgebra

/// One named tensor of a generator's file.
public struct GeneratorTensor: Sendable {
    /// The name, unique in the file.
    public let name: String
    /// The shape; its product is the number of values.
    public let shape: [Int]
    /// The values, row-major.
    public let values: FloatStream
    /// Whether half precision is sufficient: true for the principal directions only.
    public let half: Bool
}

extension GeneratorTensor {
    init(_ matrix: Matrix, name: String) {
        self.init(
            name: name, shape: [matrix.rows, matrix.columns], values: .single(FloatVector(matrix.values)),
            half: false)
    }

    init(_ values: [Float], shape: [Int]? = nil, name: String) {
        self.init(
            name: name, shape: shape ?? [values.count], values: .single(FloatVector(values)), half: false)
    }
}

/// Reads a generator's tensors, and checks that each has the shape that the record implies.
///
/// Every method throws `invalidFile` that names a tensor which is missing or has another shape.
struct GeneratorTensorReader {
    let file: String
    let lookup: (String) throws(SgloradError) -> (shape: [Int], values: FloatStream)?

    func read(_ name: String, _ shape: [Int]) throws(SgloradError) -> FloatStream {
        guard let found = try lookup(name) else {
            throw .invalidFile(
                file, "the tensor '\(name)' is missing; the file is not a generator of this version")
        }
        guard found.shape == shape else {
            throw .invalidFile(
                file, "the tensor '\(name)' has shape \(found.shape); its record implies \(shape)")
        }
        return found.values
    }

    func vector(_ name: String, _ shape: [Int]) throws(SgloradError) -> FloatVector {
        let stream = try read(name, shape)
        if case .single(let vector) = stream { return vector }
        return FloatVector(stream.array)
    }

    func matrix(_ name: String, _ rows: Int, _ columns: Int) throws(SgloradError) -> Matrix {
        Matrix(rows: rows, columns: columns, values: try read(name, [rows, columns]).array)
    }

    func perceptron(_ name: String, _ widths: [Int]) throws(SgloradError) -> Perceptron {
        var layers: [DenseLayer] = []
        for (index, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
            layers.append(
                DenseLayer(
                    weight: try matrix("\(name).\(index).weight", outputs, inputs),
                    bias: try read("\(name).\(index).bias", [outputs]).array))
        }
        return Perceptron(layers: layers)
    }
}

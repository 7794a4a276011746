public import AdapterFormats
public import ErrorModel
public import LinearAlgebra
public import LowRank

/// An expert's parameters on its library's layout: its checkpoints, their mean and their variance.
public struct ExpertParameters: Sendable {
    /// The checkpoints' names, in order.
    public let names: [String]
    /// x_e^m: the checkpoints, `layout.parameterCount` numbers each.
    public let checkpoints: [FloatVector]
    /// μ_e: their mean.
    public let mean: FloatVector
    /// σ_e²: their population variance.
    public let variance: FloatVector

    /// Brings checkpoints to a layout and takes their moments, in double precision.
    ///
    /// - Throws: `layoutMismatch` as `AdapterLayout.place`.
    public init(_ checkpoints: [PEFTCheckpoint], on layout: AdapterLayout) throws(SgloradError) {
        var placed: [FloatVector] = []
        for checkpoint in checkpoints {
            placed.append(FloatVector(try layout.place(checkpoint.factors).parameters))
        }
        var sum = [Double](repeating: 0, count: layout.parameterCount)
        for vector in placed {
            vector.withUnsafeBufferPointer { vector in
                for index in sum.indices { sum[index] += Double(vector[index]) }
            }
        }
        let count = Double(placed.count)
        for index in sum.indices { sum[index] /= count }
        var squares = [Double](repeating: 0, count: sum.count)
        for vector in placed {
            vector.withUnsafeBufferPointer { vector in
                for index in sum.indices {
                    let distance = Double(vector[index]) - sum[index]
                    squares[index] += distance * distance
                }
            }
        }
        names = checkpoints.map(\.name)
        self.checkpoints = placed
        mean = FloatVector(sum.map { Float($0) })
        variance = FloatVector(squares.map { Float($0 / count) })
    }

    /// Maps the parameters that ``write(to:path:)`` wrote.
    ///
    /// - Throws: `invalidFile` if the file is damaged or of another layout.
    public init(path: String, names: [String], layout: AdapterLayout) throws(SgloradError) {
        let file = try SafetensorsFile(path: path)
        let count = layout.parameterCount
        func vector(_ name: String, _ shape: [Int]) throws(SgloradError) -> FloatVector {
            guard let tensor = file.tensor(named: name), tensor.shape == shape, tensor.type == .float32 else {
                throw .invalidFile(
                    path, "the tensor '\(name)' is not of shape \(shape); import the expert again")
            }
            return try file.floats(name)
        }
        self.names = names
        mean = try vector("mean", [count])
        variance = try vector("variance", [count])
        let all = try vector("checkpoints", [names.count, count])
        checkpoints = names.indices.map { all[$0 * count..<($0 + 1) * count] }
    }

    /// Writes the parameters as a safetensors file.
    public func write(to descriptor: Int32, path: String) throws(SgloradError) {
        var writer = try SafetensorsWriter(metadata: ["format": "sglorad-expert", "version": "1"])
        try writer.add("mean", shape: [mean.count], values: mean)
        try writer.add("variance", shape: [mean.count], values: variance)
        var all: [Float] = []
        all.reserveCapacity(mean.count * checkpoints.count)
        for checkpoint in checkpoints { checkpoint.withUnsafeBufferPointer { all.append(contentsOf: $0) } }
        try writer.add("checkpoints", shape: [checkpoints.count, mean.count], values: FloatVector(all))
        try writer.write(to: descriptor, path: path)
    }

    /// The Euclidean norm of the mean.
    public var meanNorm: Double {
        mean.withUnsafeBufferPointer { $0.reduce(0.0) { $0 + Double($1) * Double($1) } }.squareRoot()
    }

    /// The mean standard deviation over the checkpoints.
    public var deviation: Double {
        variance.withUnsafeBufferPointer { $0.reduce(0.0) { $0 + Double($1).squareRoot() } }
            / Double(max(1, mean.count))
    }
}

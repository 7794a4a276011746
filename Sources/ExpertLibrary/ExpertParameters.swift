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

    /// Places checkpoints on a layout as they are, and computes their moments.
    ///
    /// - Throws: `layoutMismatch` as `AdapterLayout.place`.
    public init(_ checkpoints: [PEFTCheckpoint], on layout: AdapterLayout) throws(SgloradError) {
        try self.init(checkpoints) { (factors) throws(SgloradError) in try layout.place(factors) }
    }

    /// Brings checkpoints to their library's gauge, rank and scale, and computes their moments.
    ///
    /// - Throws: `layoutMismatch` as `GaugeAlignment.place`.
    public init(_ checkpoints: [PEFTCheckpoint], by alignment: GaugeAlignment) throws(SgloradError) {
        try self.init(checkpoints) { (factors) throws(SgloradError) in try alignment.place(factors) }
    }

    private init(
        _ checkpoints: [PEFTCheckpoint], place: ([SiteFactors]) throws(SgloradError) -> LoRAAdapter
    ) throws(SgloradError) {
        var placed: [FloatVector] = []
        for checkpoint in checkpoints { placed.append(FloatVector(try place(checkpoint.factors).parameters)) }
        names = checkpoints.map(\.name)
        self.checkpoints = placed
        (mean, variance) = Self.moments(of: placed)
    }

    /// Lets the pages of the files leave memory until they are read again.
    public func releasePages() {
        for vector in checkpoints + [mean, variance] { vector.release() }
    }

    private init(names: [String], checkpoints: [FloatVector], mean: FloatVector, variance: FloatVector) {
        self.names = names
        self.checkpoints = checkpoints
        self.mean = mean
        self.variance = variance
    }

    /// Mean and population variance, summed in double precision, 65,536 numbers at a time.
    private static func moments(of checkpoints: [FloatVector]) -> (FloatVector, FloatVector) {
        let total = checkpoints.first?.count ?? 0
        if let only = checkpoints.first, checkpoints.count == 1 {
            return (only, FloatVector(count: total) { _ in })
        }
        var deviations = FloatVector([])
        let mean = FloatVector(count: total) { mean in
            deviations = FloatVector(count: total) { variance in
                for start in stride(from: 0, to: total, by: 1 << 16) {
                    let stretch = start..<min(start + (1 << 16), total)
                    let moments = moments(of: checkpoints, within: stretch)
                    for index in stretch {
                        mean[index] = Float(moments.mean[index - start])
                        variance[index] = Float(moments.variance[index - start])
                    }
                }
            }
        }
        return (mean, deviations)
    }

    private static func moments(
        of checkpoints: [FloatVector], within stretch: Range<Int>
    ) -> (mean: [Double], variance: [Double]) {
        let count = Double(checkpoints.count)
        var mean = [Double](repeating: 0, count: stretch.count)
        for vector in checkpoints {
            vector[stretch].withUnsafeBufferPointer { part in
                for index in mean.indices { mean[index] += Double(part[index]) }
            }
        }
        for index in mean.indices { mean[index] /= count }
        var variance = [Double](repeating: 0, count: stretch.count)
        for vector in checkpoints {
            vector[stretch].withUnsafeBufferPointer { part in
                for index in mean.indices {
                    let distance = Double(part[index]) - mean[index]
                    variance[index] += distance * distance
                }
            }
        }
        for index in variance.indices { variance[index] /= count }
        return (mean, variance)
    }

    /// The same parameters on a layout of a higher rank, padded with zeros.
    public func padded(from old: AdapterLayout, to new: AdapterLayout) -> ExpertParameters {
        ExpertParameters(
            names: names, checkpoints: checkpoints.map { old.padded($0, to: new) },
            mean: old.padded(mean, to: new), variance: old.padded(variance, to: new))
    }

    /// Maps the parameters that ``write(of:base:to:path:)`` wrote; blocks.
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
    ///
    /// The metadata name the expert, so that two experts with the same factors have separate blobs and manifests.
    ///
    /// - Parameters:
    ///   - expert: the expert's name.
    ///   - base: its base model's name.
    ///   - descriptor: an open, empty file.
    ///   - path: what errors call the file.
    public func write(
        of expert: String, base: String, to descriptor: Int32, path: String
    ) throws(SgloradError) {
        var writer = try SafetensorsWriter(
            metadata: ["format": "sglorad-expert", "version": "1", "expert": expert, "base": base])
        try writer.add("mean", shape: [mean.count], values: mean)
        try writer.add("variance", shape: [mean.count], values: variance)
        try writer.add("checkpoints", shape: [checkpoints.count, mean.count], parts: checkpoints)
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

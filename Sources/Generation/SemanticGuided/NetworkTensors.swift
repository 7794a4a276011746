internal import ErrorModel
internal import LinearAlgebra
internal import LowRank

extension GeneratorRecord {
    /// Checks what a record says of a network in principal coordinates.
    ///
    /// - Throws: `invalidFile` if a value is out of range.
    func checkNetwork(_ file: String) throws(SgloradError) {
        do {
            try plan.validate()
        } catch {
            throw .invalidFile(
                file, "the training plan in its record is out of range: \(error.message)", cause: error)
        }
        guard (1...512).contains(directions), experts.count >= 2, unit.isFinite, unit > 0,
            (0...1).contains(correctionShare), (0.01...1).contains(threshold)
        else {
            throw .invalidFile(
                file, "a value in its record is out of range; export the generator again where it was trained"
            )
        }
    }
}

extension PrincipalCoordinates {
    /// x̄ and U as tensors, U in half precision.
    var tensors: [GeneratorTensor] {
        [
            GeneratorTensor(name: "origin", shape: [origin.count], values: .single(origin), half: false),
            GeneratorTensor(
                name: "directions", shape: [origin.count, count], values: directions, half: true),
        ]
    }
}

extension CoordinateLibrary {
    /// The experts' statistics as tensors.
    var tensors: [GeneratorTensor] {
        [
            GeneratorTensor(means, name: "experts.means"),
            GeneratorTensor(variances, name: "experts.variances"),
        ]
    }
}

extension Perceptron {
    /// The layers' weights and biases as tensors, their names beginning with `name`.
    func tensors(_ name: String) -> [GeneratorTensor] {
        layers.enumerated().flatMap { index, layer in
            [
                GeneratorTensor(layer.weight, name: "\(name).\(index).weight"),
                GeneratorTensor(layer.bias, name: "\(name).\(index).bias"),
            ]
        }
    }
}

extension GeneratorTensorReader {
    /// x̄ and U of a record's library.
    func coordinates(_ record: GeneratorRecord) throws(SgloradError) -> PrincipalCoordinates {
        let (d, k) = (record.layout.parameterCount, record.directions)
        return PrincipalCoordinates(
            origin: try vector("origin", [d]), directions: try read("directions", [d, k]), count: k,
            explained: record.explained)
    }

    /// The statistics of a record's experts.
    func statistics(_ record: GeneratorRecord) throws(SgloradError) -> CoordinateLibrary {
        let (n, k) = (record.experts.count, record.directions)
        return CoordinateLibrary(
            unit: record.unit, means: try matrix("experts.means", n, k),
            variances: try matrix("experts.variances", n, k))
    }
}

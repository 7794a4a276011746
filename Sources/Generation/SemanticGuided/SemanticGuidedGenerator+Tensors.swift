public import ErrorModel
public import LinearAlgebra
internal import LowRank

extension SemanticGuidedGenerator {
    /// The generator without its ``record``, as tensors.
    public var tensors: [GeneratorTensor] {
        let (experts, network) = (fitted.experts, fitted.network)
        let d = coordinates.origin.count
        var result = [
            GeneratorTensor(name: "origin", shape: [d], values: .single(coordinates.origin), half: false),
            GeneratorTensor(
                name: "directions", shape: [d, coordinates.count], values: coordinates.directions, half: true),
            GeneratorTensor(experts.means, name: "experts.means"),
            GeneratorTensor(experts.variances, name: "experts.variances"),
        ]
        if let steering {
            result.append(GeneratorTensor(steering.gains, name: "steering.gains"))
            result.append(GeneratorTensor(steering.shifts, name: "steering.shifts"))
        }
        for (name, perceptron) in [
            ("encoder", network.encoder), ("prior", network.prior), ("decoder", network.decoder),
        ] {
            for (index, layer) in perceptron.layers.enumerated() {
                result.append(GeneratorTensor(layer.weight, name: "\(name).\(index).weight"))
                result.append(
                    GeneratorTensor(
                        name: "\(name).\(index).bias", shape: [layer.bias.count],
                        values: .single(FloatVector(layer.bias)), half: false))
            }
        }
        return result
    }

    /// Restores a generator from its record and tensors.
    ///
    /// - Parameters:
    ///   - record: what it was trained on.
    ///   - file: the file's name, for errors.
    ///   - lookup: the shape and values of a tensor by name; nil if the file has no such tensor.
    /// - Throws: `invalidFile` if the record is out of range, or naming the tensor that is missing or has a
    ///   shape other than the record implies.
    public init(
        record: GeneratorRecord, file: String,
        lookup: @escaping (String) throws(SgloradError) -> (shape: [Int], values: FloatStream)?
    ) throws(SgloradError) {
        let reader = GeneratorTensorReader(file: file, lookup: lookup)
        let d = record.layout.parameterCount
        let k = record.directions
        let n = record.experts.count
        do {
            try record.plan.validate()
        } catch {
            throw .invalidFile(
                file, "the training plan in its record is out of range: \(error.message)", cause: error)
        }
        guard (1...512).contains(k), n >= 2, record.unit.isFinite, record.unit > 0,
            (0...1).contains(record.correctionShare), (0.01...1).contains(record.threshold)
        else {
            throw .invalidFile(
                file, "a value in its record is out of range; export the generator again where it was trained"
            )
        }
        self.record = record
        coordinates = PrincipalCoordinates(
            origin: try reader.vector("origin", [d]), directions: try reader.read("directions", [d, k]),
            count: k, explained: record.explained)
        let experts = CoordinateLibrary(
            unit: record.unit, means: try reader.matrix("experts.means", n, k),
            variances: try reader.matrix("experts.variances", n, k))
        let width = record.plan.width
        let latent = record.plan.latent
        steering = try record.steering.map { part throws(SgloradError) in
            let count = (part.modes.max() ?? 0) + 1
            guard part.modes.count == n, part.modes.allSatisfy({ (0..<16).contains($0) }) else {
                throw .invalidFile(
                    file,
                    "the modes in its record are out of range; export the generator again where it was trained"
                )
            }
            return Steering(
                modes: part.modes,
                gains: try reader.matrix("steering.gains", count, 2 * record.layout.sites.count),
                shifts: try reader.matrix("steering.shifts", count, d))
        }
        let network = ConditionalVAE(
            coordinates: k, latent: latent, deterministic: record.plan.deterministic,
            encoder: try reader.perceptron("encoder", [3 * k, width, 2 * latent]),
            prior: try reader.perceptron("prior", [2 * k, width, 2 * latent]),
            decoder: try reader.perceptron("decoder", [latent + 2 * k, width, width, k]))
        fitted = FittedNetwork(
            experts: experts, network: network,
            loss: ConditionalVAE.Loss(reconstruction: record.reconstruction, divergence: record.divergence))
    }
}

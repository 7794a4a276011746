public import ErrorModel
public import LinearAlgebra
internal import LowRank

extension SemanticGuidedGenerator {
    /// The generator without its ``record``, as tensors.
    public var tensors: [GeneratorTensor] {
        let network = fitted.network
        var result = coordinates.tensors + fitted.experts.tensors
        if let steering {
            result.append(GeneratorTensor(steering.gains, name: "steering.gains"))
            result.append(GeneratorTensor(steering.shifts, name: "steering.shifts"))
        }
        return result + network.encoder.tensors("encoder") + network.prior.tensors("prior")
            + network.decoder.tensors("decoder")
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
        try record.checkNetwork(file)
        self.record = record
        coordinates = try reader.coordinates(record)
        let experts = try reader.statistics(record)
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

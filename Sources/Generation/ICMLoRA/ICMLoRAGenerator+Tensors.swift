internal import ErrorModel
internal import LinearAlgebra

extension ICMLoRAGenerator {
    /// The generator without its ``record``, as tensors; of the experts' examples it holds the means of the embeddings alone.
    public var tensors: [GeneratorTensor] {
        coordinates.tensors + statistics.tensors + [
            GeneratorTensor(vectors.texts, name: "vectors.texts"),
            GeneratorTensor(vectors.answers, name: "vectors.answers"),
        ] + network.encoder.tensors("encoder") + network.decoder.tensors("decoder")
    }

    /// Restores a generator from its record and tensors.
    ///
    /// - Throws: `invalidFile`; see ``TrainedGenerator``.
    init(
        record: GeneratorRecord, file: String,
        lookup: @escaping (String) throws(SgloradError) -> (shape: [Int], values: FloatStream)?
    ) throws(SgloradError) {
        let reader = GeneratorTensorReader(file: file, lookup: lookup)
        let n = record.experts.count
        try record.checkNetwork(file)
        guard record.plan.icm != nil, let width = record.learned?.dimension, (1...65_536).contains(width)
        else {
            throw .invalidFile(
                file, "a value in its record is out of range; export the generator again where it was trained"
            )
        }
        self.record = record
        coordinates = try reader.coordinates(record)
        statistics = try reader.statistics(record)
        let (texts, answers) = (
            try reader.matrix("vectors.texts", n, width), try reader.matrix("vectors.answers", n, width)
        )
        // Means of unit vectors; larger numbers could overflow where they are standardised.
        for (name, matrix) in [("texts", texts), ("answers", answers)] {
            guard matrix.values.allSatisfy({ abs($0) <= 1.01 }) else {
                throw .invalidFile(
                    file,
                    "the tensor 'vectors.\(name)' holds a number beyond ±1, and means of unit vectors have none"
                )
            }
        }
        vectors = TaskVectors(texts: texts, answers: answers)
        let (k, latent, hidden) = (record.directions, record.plan.latent, record.plan.width)
        network = TaskVAE(
            coordinates: k, latent: latent, deterministic: record.plan.deterministic,
            encoder: try reader.perceptron(
                "encoder",
                TaskVAE.encoderWidths(coordinates: k, condition: vectors.width, latent: latent, width: hidden)
            ),
            decoder: try reader.perceptron(
                "decoder",
                TaskVAE.decoderWidths(coordinates: k, condition: vectors.width, latent: latent, width: hidden)
            ))
    }
}

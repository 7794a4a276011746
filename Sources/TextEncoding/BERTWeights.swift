internal import AdapterFormats
internal import ErrorModel
internal import LinearAlgebra
internal import LowRank

/// The weights of a BERT encoder, used in place in the mapped `model.safetensors`.
///
/// Source of the tensors' names and shapes: `BertModel` in Hugging Face `transformers`.
struct BERTWeights: Sendable {
    struct Layer: Sendable {
        let query: LinearLayer
        let key: LinearLayer
        let value: LinearLayer
        let attentionOutput: LinearLayer
        let attentionNorm: LayerNorm
        let intermediate: LinearLayer
        let output: LinearLayer
        let outputNorm: LayerNorm

        /// The linear layers in module order.
        var linear: [LinearLayer] { [query, key, value, attentionOutput, intermediate, output] }
    }

    /// `[vocabulary, hidden]`.
    let words: FloatVector
    /// `[positions, hidden]`.
    let positions: FloatVector
    /// The first row of the token type embeddings, `[hidden]`: a single text has only type 0.
    let tokenType: FloatVector
    let embeddingNorm: LayerNorm
    let layers: [Layer]

    static let fileName = "model.safetensors"

    /// Maps the weights and checks the shape of every tensor; tensors that the encoder does not use are
    /// ignored.
    ///
    /// - Throws: `invalidModel` that names the tensor that is missing or has another shape.
    init(of folder: ModelFolder, _ configuration: BERTConfiguration) throws(SgloradError) {
        var tensors = try Reader(folder, epsilon: configuration.layerNormEpsilon)
        let hidden = configuration.hiddenSize
        try tensors.requirePrecision(stated: configuration.statesPrecision)
        words = try tensors.read("embeddings.word_embeddings.weight", [configuration.vocabularySize, hidden])
        positions = try tensors.read(
            "embeddings.position_embeddings.weight", [configuration.positions, hidden])
        tokenType = try tensors.read(
            "embeddings.token_type_embeddings.weight", [configuration.tokenTypes, hidden])[0..<hidden]
        embeddingNorm = try tensors.norm("embeddings.LayerNorm", hidden)
        var layers: [Layer] = []
        for index in 0..<configuration.layers {
            let path = "encoder.layer.\(index)"
            let inner = configuration.intermediateSize
            layers.append(
                Layer(
                    query: try tensors.linear("\(path).attention.self.query", hidden, hidden),
                    key: try tensors.linear("\(path).attention.self.key", hidden, hidden),
                    value: try tensors.linear("\(path).attention.self.value", hidden, hidden),
                    attentionOutput: try tensors.linear("\(path).attention.output.dense", hidden, hidden),
                    attentionNorm: try tensors.norm("\(path).attention.output.LayerNorm", hidden),
                    intermediate: try tensors.linear("\(path).intermediate.dense", hidden, inner),
                    output: try tensors.linear("\(path).output.dense", inner, hidden),
                    outputNorm: try tensors.norm("\(path).output.LayerNorm", hidden)))
        }
        self.layers = layers
    }
}

extension BERTWeights {
    /// Reads tensors by their names in `transformers`, with or without the prefix `bert.`.
    private struct Reader {
        private let file: SafetensorsFile
        private let path: String
        private let prefix: String
        private let epsilon: Float
        private var linearCount = 0

        init(_ folder: ModelFolder, epsilon: Float) throws(SgloradError) {
            path = folder.file(BERTWeights.fileName)
            self.epsilon = epsilon
            guard folder.holds(BERTWeights.fileName) else {
                let other = Self.otherForms.first(where: folder.holds)
                throw .invalidModel(
                    path,
                    other.map {
                        "is missing, and '\($0)' is not supported; save the model again with "
                            + "sentence-transformers, in one file in the safetensors format"
                    } ?? ModelFolder.missing)
            }
            do {
                file = try SafetensorsFile(path: path)
            } catch {
                throw .invalidModel(
                    path,
                    "is not a valid safetensors file: it \(Self.reason(error)); download the model again",
                    cause: error)
            }
            prefix = file.tensor(named: "bert.embeddings.word_embeddings.weight") == nil ? "" : "bert."
        }

        private static let otherForms = [
            "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json", "model.onnx",
            "onnx/model.onnx", "adapter_model.safetensors",
        ]

        /// The name of a tensor in the file: with the prefix, and the older names of a norm's parameters.
        private func stored(_ name: String) -> String {
            let name = prefix + name
            guard file.tensor(named: name) == nil, name.contains("LayerNorm.") else { return name }
            let older =
                name.hasSuffix(".weight") ? name.dropLast(6) + "gamma" : name.dropLast(4) + "beta"
            return file.tensor(named: String(older)) == nil ? name : String(older)
        }

        /// Without a statement in config.json, `transformers` computes in the precision of the weights.
        func requirePrecision(stated: Bool) throws(SgloradError) {
            guard !stated, let words = file.tensor(named: prefix + "embeddings.word_embeddings.weight"),
                words.type == .float16 || words.type == .bfloat16
            else { return }
            throw .invalidModel(
                path,
                "holds half-precision weights, and config.json does not say that dtype is float32; half precision is "
                    + "not supported, so set \"dtype\": \"float32\" there")
        }

        func read(_ name: String, _ shape: [Int]) throws(SgloradError) -> FloatVector {
            let name = stored(name)
            guard let tensor = file.tensor(named: name) else {
                throw .invalidModel(
                    path, "has no tensor '\(name)'; use the files of one model")
            }
            guard tensor.shape == shape else {
                throw .invalidModel(
                    path,
                    "the tensor '\(name)' has the shape \(tensor.shape), but config.json implies \(shape); "
                        + "use the files of one model")
            }
            do {
                return try file.floats(name)
            } catch {
                throw .invalidModel(
                    path,
                    "the tensor '\(name)' cannot be used: the file \(Self.reason(error)); convert the model to F32",
                    cause: error)
            }
        }

        /// The reason of a safetensors error, without the file's name, which the model's error already has.
        private static func reason(_ error: SgloradError) -> String {
            if case .string(let reason) = error.parameters["reason"] { reason } else { error.message }
        }

        func norm(_ name: String, _ width: Int) throws(SgloradError) -> LayerNorm {
            LayerNorm(
                weight: try read("\(name).weight", [width]), bias: try read("\(name).bias", [width]),
                epsilon: epsilon)
        }

        mutating func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws(SgloradError)
            -> LinearLayer
        {
            defer { linearCount += 1 }
            return LinearLayer(
                site: Site(path: name, inFeatures: inputs, outFeatures: outputs), index: linearCount,
                weight: try read("\(name).weight", [outputs, inputs]),
                bias: try read("\(name).bias", [outputs]))
        }
    }
}

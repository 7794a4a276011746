internal import ErrorModel

/// The dimensions of a BERT model, from `config.json` of Hugging Face `transformers`.
///
/// Source of the fields and their defaults: `BertConfig` in `transformers`.
struct BERTConfiguration: Sendable, Hashable {
    let hiddenSize: Int
    let layers: Int
    let heads: Int
    let intermediateSize: Int
    let vocabularySize: Int
    let positions: Int
    let tokenTypes: Int
    let layerNormEpsilon: Float
    /// Whether the file says that the model computes in single precision, whatever the weights are stored in.
    let statesPrecision: Bool

    /// The number of features of one attention head.
    var headSize: Int { hiddenSize / heads }

    static let fileName = "config.json"

    private struct File: Decodable {
        var modelType: String
        var hiddenSize: Int
        var numHiddenLayers: Int
        var numAttentionHeads: Int
        var intermediateSize: Int
        var vocabSize: Int
        var maxPositionEmbeddings: Int
        var typeVocabSize: Int?
        var layerNormEps: Double?
        var hiddenAct: String?
        var positionEmbeddingType: String?
        var isDecoder: Bool?
        var addCrossAttention: Bool?
        var prunedHeads: [String: [Int]]?
        var dtype: String?
        var torchDtype: String?
    }

    /// Reads and checks `config.json`.
    ///
    /// - Throws: `invalidModel` that names the unsupported option or the value that is out of range.
    init(of folder: ModelFolder) throws(SgloradError) {
        let values = try folder.decode(File.self, from: Self.fileName)
        let file = folder.file(Self.fileName)
        try Self.requireSupported(values, in: folder)
        func size(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws(SgloradError) -> Int {
            guard range.contains(value) else {
                throw .invalidModel(
                    file, "\(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        hiddenSize = try size(values.hiddenSize, "hidden_size", 1...8192)
        layers = try size(values.numHiddenLayers, "num_hidden_layers", 1...128)
        heads = try size(values.numAttentionHeads, "num_attention_heads", 1...hiddenSize)
        intermediateSize = try size(values.intermediateSize, "intermediate_size", 1...65536)
        vocabularySize = try size(values.vocabSize, "vocab_size", 1...WordPieceVocabulary.maximumCount)
        positions = try size(values.maxPositionEmbeddings, "max_position_embeddings", 2...8192)
        tokenTypes = try size(values.typeVocabSize ?? 2, "type_vocab_size", 1...1024)
        guard hiddenSize % heads == 0 else {
            throw .invalidModel(
                file, "num_attention_heads is \(heads), which does not divide hidden_size \(hiddenSize)")
        }
        let epsilon = values.layerNormEps ?? 1e-12
        guard epsilon >= 0, epsilon < 1 else {
            throw .invalidModel(file, "layer_norm_eps is \(epsilon); it must be at least 0 and below 1")
        }
        layerNormEpsilon = Float(epsilon)
        statesPrecision = (values.dtype ?? values.torchDtype) == "float32"
    }

    private static func requireSupported(_ values: File, in folder: ModelFolder) throws(SgloradError) {
        func require(_ condition: Bool, _ option: String, _ wanted: String) throws(SgloradError) {
            try folder.require(condition, option, in: fileName, use: wanted)
        }
        try require(values.modelType == "bert", "model_type '\(values.modelType)'", "model_type 'bert'")
        let activation = values.hiddenAct ?? "gelu"
        try require(activation == "gelu", "hidden_act '\(activation)'", "hidden_act 'gelu'")
        let position = values.positionEmbeddingType ?? "absolute"
        try require(position == "absolute", "position_embedding_type '\(position)'", "'absolute' positions")
        try require(values.isDecoder != true, "is_decoder", "an encoder")
        try require(values.addCrossAttention != true, "add_cross_attention", "self-attention only")
        // Half precision changes an embedding by more than 1e-4.
        let type = values.dtype ?? values.torchDtype ?? "float32"
        try require(type == "float32" || type == "auto", "dtype '\(type)'", "dtype 'float32'")
        try require(values.prunedHeads?.isEmpty ?? true, "pruned_heads", "all attention heads")
    }
}

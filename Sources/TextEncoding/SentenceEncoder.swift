public import ErrorModel
internal import LinearAlgebra
internal import LowRank

/// A BERT sentence encoder: text to unit embedding, optionally with a LoRA adapter.
///
/// Loads an unmodified sentence-transformers folder (such as all-MiniLM-L6-v2) whose modules are Transformer,
/// mean Pooling and Normalize. The linear layers' weights are packed into memory once; the embeddings stay in the mapped
/// file, which must not be changed meanwhile. The encoder is immutable and each call allocates its own working memory, so any number of threads can use one
/// encoder at once.
public final class SentenceEncoder: Sendable {
    /// The number of components of an embedding.
    public let dimension: Int
    /// The longest text in tokens, including the two special ones.
    public let maximumTokens: Int
    /// The last component of the folder's path.
    public let name: String
    /// How the weights of the linear layers are held.
    public let precision: EncoderPrecision
    /// The absolute paths of the files that determine an embedding (weights, vocabulary and configurations),
    /// sorted.
    public let filesOfDigest: [String]

    /// The kernels that encode on this processor: `AVX512`, `AVX2`, `NEON` or `portable`.
    ///
    /// The first three give the same bits; `portable` rounds differently.
    public static var kernels: String { EncoderKernels.name }

    /// The languages that the model's card names, in English.
    let languages: [String]
    let tokenizer: WordPieceTokenizer
    let encoder: BERTEncoder
    let linear: [LinearLayer]
    let weightsFile: String
    /// The linear layers by path.
    let sites: [String: Site]

    /// Loads a model.
    ///
    /// - Parameters:
    ///   - folder: a sentence-transformers folder, with `modules.json`, `config.json`, `model.safetensors`,
    ///     `tokenizer.json` or `vocab.txt`, and the Pooling module's `config.json`.
    ///   - precision: how to hold the weights of the linear layers.
    /// - Throws: `invalidModel` that names the file that is missing or damaged, or the unsupported option.
    public init(folder: String, precision: EncoderPrecision = .standard) throws(SgloradError) {
        self.precision = precision
        let root = ModelFolder(path: absolutePath(folder))
        name = String(root.path.split(separator: "/").last ?? "/")
        languages = ModelCard.languages(in: root)
        let sentence = try SentenceConfiguration(of: root)
        let transformer = sentence.transformer
        let configuration = try BERTConfiguration(of: transformer)
        let tokens = try TokenizerConfiguration(of: transformer)
        maximumTokens = try Self.limit(sentence, tokens, configuration)
        dimension = configuration.hiddenSize
        let vocabulary = try VocabularySource(of: transformer, tokens)
        tokenizer = try WordPieceTokenizer(
            vocabulary.pieces, specialTokens: tokens.specialTokens, file: vocabulary.file)
        guard tokenizer.vocabularySize <= configuration.vocabularySize else {
            throw .invalidModel(
                vocabulary.file,
                "has \(tokenizer.vocabularySize) pieces, but config.json has a vocab_size of "
                    + "\(configuration.vocabularySize); use the files of one model")
        }
        encoder = BERTEncoder(
            configuration: configuration, weights: try BERTWeights(of: transformer, configuration),
            precision: precision)
        linear = encoder.linear
        sites = Dictionary(linear.map { ($0.site.path, $0.site) }, uniquingKeysWith: { first, _ in first })
        weightsFile = transformer.file(BERTWeights.fileName)
        let names = [BERTConfiguration.fileName, BERTWeights.fileName]
        filesOfDigest =
            (names.map(transformer.file) + [vocabulary.file] + tokens.files + sentence.files).sorted()
    }

    /// The longest text in tokens, by the rule of sentence-transformers 6.2: the limit of the Transformer module
    /// as it stands; else the tokenizer's, at most the number of positions; else that number.
    ///
    /// The limit in `tokenizer.json` has no effect.
    private static func limit(
        _ sentence: SentenceConfiguration, _ tokens: TokenizerConfiguration, _ model: BERTConfiguration
    ) throws(SgloradError) -> Int {
        let limit = sentence.limit?.tokens ?? min(tokens.maximumTokens ?? model.positions, model.positions)
        guard (2...model.positions).contains(limit) else {
            let (file, key) =
                sentence.limit.map { ($0.file, $0.key) }
                ?? (tokens.files.first ?? "", "model_max_length")
            throw .invalidModel(
                file,
                "\(key) is \(limit); it must be 2 to \(model.positions), the model's max_position_embeddings")
        }
        return limit
    }
}

public import ErrorModel
internal import LinearAlgebra
public import LowRank

/// A BERT sentence encoder: text to unit embedding, optionally with a LoRA adapter.
///
/// Loads an unmodified sentence-transformers folder (such as all-MiniLM-L6-v2) whose modules are Transformer,
/// mean Pooling and Normalize. The weights stay in the mapped file, which must not be changed meanwhile. The
/// encoder is immutable and each call allocates its own working memory, so any number of threads can use one
/// encoder at once.
public final class SentenceEncoder: Sendable {
    /// The number of components of an embedding.
    public let dimension: Int
    /// The longest text in tokens, including the two special ones.
    public let maximumTokens: Int
    /// The last component of the folder's path.
    public let name: String
    /// The absolute paths of the files that determine an embedding (weights, vocabulary and configurations),
    /// sorted.
    public let filesOfDigest: [String]

    let tokenizer: WordPieceTokenizer
    let encoder: BERTEncoder
    let linear: [LinearLayer]
    let weightsFile: String
    private let sites: [String: Site]

    static let vocabularyName = "vocab.txt"
    private static let maximumVocabularyLength = 64 << 20

    /// Loads a model.
    ///
    /// - Parameter folder: a sentence-transformers folder, with `modules.json`, `config.json`,
    ///   `model.safetensors`, `vocab.txt`, `tokenizer_config.json` and the Pooling module's `config.json`.
    /// - Throws: `invalidModel` that names the file that is missing or damaged, or the unsupported option.
    public init(folder: String) throws(SgloradError) {
        let root = ModelFolder(path: absolutePath(folder))
        name = String(root.path.split(separator: "/").last ?? "/")
        let sentence = try SentenceConfiguration(of: root)
        let transformer = sentence.transformer
        let configuration = try BERTConfiguration(of: transformer)
        let limit = sentence.maximumTokens ?? configuration.positions
        guard (2...configuration.positions).contains(limit) else {
            throw .invalidModel(
                transformer.file(SentenceConfiguration.lengthName),
                "max_seq_length is \(limit); it must be 2 to \(configuration.positions), the model's max_position_embeddings"
            )
        }
        maximumTokens = limit
        dimension = configuration.hiddenSize
        let tokens = try TokenizerConfiguration(of: transformer)
        let vocabularyFile = transformer.file(Self.vocabularyName)
        tokenizer = try WordPieceTokenizer(
            vocabulary: try transformer.read(Self.vocabularyName, upTo: Self.maximumVocabularyLength),
            specialTokens: tokens.specialTokens, file: vocabularyFile)
        guard tokenizer.vocabularySize <= configuration.vocabularySize else {
            throw .invalidModel(
                vocabularyFile,
                "has \(tokenizer.vocabularySize) lines, but config.json has a vocab_size of "
                    + "\(configuration.vocabularySize); use the files of one model")
        }
        encoder = BERTEncoder(
            configuration: configuration, weights: try BERTWeights(of: transformer, configuration))
        linear = encoder.linear
        sites = Dictionary(linear.map { ($0.site.path, $0.site) }, uniquingKeysWith: { first, _ in first })
        weightsFile = transformer.file(BERTWeights.fileName)
        let names = [
            BERTConfiguration.fileName, BERTWeights.fileName, TokenizerConfiguration.fileName,
            Self.vocabularyName,
        ]
        filesOfDigest = (names.map(transformer.file) + sentence.files).sorted()
    }

    /// The linear layers that an adapter may change, in the order of the model's modules.
    public var linearSites: [Site] { linear.map(\.site) }

    /// Checks that each site of a layout is a linear layer of this model with the same features.
    ///
    /// - Throws: `layoutMismatch` that names the first site that is not.
    public func check(_ layout: AdapterLayout) throws(SgloradError) {
        for site in layout.sites {
            guard let own = sites[site.path] else {
                throw .layoutMismatch(
                    site: site.path,
                    reason:
                        "is not a linear layer of the text encoder '\(name)'; use an adapter made for this model"
                )
            }
            guard own == site else {
                throw .layoutMismatch(
                    site: site.path,
                    reason: "is \(site.inFeatures) → \(site.outFeatures) in the adapter and "
                        + "\(own.inFeatures) → \(own.outFeatures) in the text encoder '\(name)'; use an adapter made "
                        + "for this model")
            }
        }
    }
}

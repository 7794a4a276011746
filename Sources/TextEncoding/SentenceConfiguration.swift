internal import ErrorModel

/// How a sentence-transformers folder computes a sentence's embedding from its tokens': a BERT model, the
/// mean, unit length.
///
/// Source of the files: the sentence-transformers package, modules `Transformer`, `Pooling` and `Normalize`.
struct SentenceConfiguration: Sendable {
    let transformer: ModelFolder
    /// The longest text in tokens, if the folder limits it.
    let maximumTokens: Int?
    /// The absolute paths of the files that this configuration was read from.
    let files: [String]

    static let modulesName = "modules.json"
    static let promptsName = "config_sentence_transformers.json"
    static let lengthName = "sentence_bert_config.json"
    static let poolingName = "config.json"

    private struct Module: Decodable {
        var path: String
        var type: String

        /// The last component of the Python class's name.
        var kind: Substring { type.split(separator: ".").last ?? "" }
    }

    private struct Length: Decodable {
        var maxSeqLength: Int?
        var doLowerCase: Bool?
    }

    private struct Prompts: Decodable {
        var defaultPromptName: String?
        var truncateDim: Int?
    }

    /// Reads `modules.json` and the modules' configuration files.
    ///
    /// - Throws: `invalidModel` that names the unsupported module or option.
    init(of folder: ModelFolder) throws(SgloradError) {
        let modules = try folder.decode([Module].self, from: Self.modulesName)
        let file = folder.file(Self.modulesName)
        for module in modules where !["Transformer", "Pooling", "Normalize"].contains(module.kind) {
            throw .invalidModel(
                file,
                "the module '\(module.type)' is not supported; use a model with Transformer, Pooling and Normalize"
            )
        }
        let kinds = modules.map(\.kind)
        guard kinds == ["Transformer", "Pooling"] || kinds == ["Transformer", "Pooling", "Normalize"] else {
            throw .invalidModel(
                file,
                "lists \(kinds.joined(separator: ", ")); the modules must be Transformer, Pooling and Normalize"
            )
        }
        transformer = try folder.folder(modules[0].path, namedBy: Self.modulesName)
        let pooling = try folder.folder(modules[1].path, namedBy: Self.modulesName)
        guard pooling.path != transformer.path else {
            throw .invalidModel(
                file, "has one folder for the Transformer and the Pooling module; use an unmodified model")
        }
        try PoolingConfiguration.check(pooling)
        var files = [file, pooling.file(Self.poolingName)]
        if transformer.holds(Self.lengthName) {
            let length = try transformer.decode(Length.self, from: Self.lengthName)
            guard length.doLowerCase != true else {
                throw .invalidModel(
                    transformer.file(Self.lengthName),
                    "do_lower_case true is not supported; set it to false, the tokenizer already converts to lower case"
                )
            }
            maximumTokens = length.maxSeqLength
            files.append(transformer.file(Self.lengthName))
        } else {
            maximumTokens = nil
        }
        if folder.holds(Self.promptsName) {
            let prompts = try folder.decode(Prompts.self, from: Self.promptsName)
            guard prompts.defaultPromptName == nil, prompts.truncateDim == nil else {
                throw .invalidModel(
                    folder.file(Self.promptsName),
                    "default_prompt_name and truncate_dim are not supported; use a model without them")
            }
            files.append(folder.file(Self.promptsName))
        }
        self.files = files
    }
}

/// The `config.json` of a sentence-transformers Pooling module; only the mean over tokens is supported.
enum PoolingConfiguration {
    /// A JSON value; only true and strings matter.
    private enum Value: Decodable {
        case flag(Bool)
        case text(String)
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .other
            }
        }
    }

    /// Checks that the pooling is the mean over a text's tokens and nothing else.
    ///
    /// Older folders have a flag for each mode, such as `pooling_mode_mean_tokens`; newer ones have
    /// `pooling_mode`.
    ///
    /// - Throws: `invalidModel` that names the unsupported mode.
    static func check(_ folder: ModelFolder) throws(SgloradError) {
        let name = SentenceConfiguration.poolingName
        let values = try folder.decode([String: Value].self, from: name)
        var modes: [String] = []
        for (key, value) in values where key.hasPrefix("pooling_mode") {
            switch value {
            case .flag(true): modes.append(key)
            case .text(let mode): modes.append(mode)
            default: break
            }
        }
        let others = modes.filter { $0 != "pooling_mode_mean_tokens" && $0 != "mean" }.sorted()
        guard others.isEmpty, !modes.isEmpty else {
            throw .invalidModel(
                folder.file(name),
                (others.isEmpty
                    ? "no pooling mode is set" : "\(others.joined(separator: ", ")) is not supported")
                    + "; use a model that takes the mean over tokens (pooling_mode_mean_tokens)")
        }
    }
}

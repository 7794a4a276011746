internal import ErrorModel

/// How a sentence-transformers folder computes a sentence's embedding from its tokens': a BERT model, the
/// mean, unit length.
///
/// Source of the files: the sentence-transformers package, modules `Transformer`, `Pooling` and `Normalize`.
struct SentenceConfiguration: Sendable {
    let transformer: ModelFolder
    /// The longest text in tokens, if the Transformer module limits it.
    let limit: TransformerModule.Limit?
    /// The absolute paths of the files that this configuration was read from.
    let files: [String]

    static let modulesName = "modules.json"
    static let promptsName = "config_sentence_transformers.json"
    static let poolingName = "config.json"

    private struct Module: Decodable {
        var path: String
        var type: String

        /// The last component of the Python class's name.
        var kind: Substring { type.split(separator: ".").last ?? "" }
    }

    private struct Prompts: Decodable {
        var prompts: [String: String]?
        var defaultPromptName: String?
        var truncateDim: Int?
        var modelType: String?
    }

    private struct Normalization: Decodable {
        var moduleInputName: String?
        var moduleOutputName: String?
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
        let module = try TransformerModule(of: transformer)
        limit = module.limit
        files += module.files
        if modules.count == 3 {
            let normalize = try folder.folder(modules[2].path, namedBy: Self.modulesName)
            if normalize.path != transformer.path, normalize.holds(Self.poolingName) {
                try Self.check(
                    try normalize.decode(Normalization.self, from: Self.poolingName), in: normalize)
                files.append(normalize.file(Self.poolingName))
            }
        }
        if folder.holds(Self.promptsName) {
            try Self.check(try folder.decode(Prompts.self, from: Self.promptsName), in: folder)
            files.append(folder.file(Self.promptsName))
        }
        self.files = files
    }

    private static func check(_ values: Normalization, in folder: ModelFolder) throws(SgloradError) {
        for name in [values.moduleInputName, values.moduleOutputName].compactMap(\.self) {
            try folder.require(
                name == "sentence_embedding", "'\(name)' as the input or output of Normalize",
                in: poolingName,
                use: "'sentence_embedding'")
        }
    }

    private static func check(_ values: Prompts, in folder: ModelFolder) throws(SgloradError) {
        let kind = values.modelType ?? "SentenceTransformer"
        try folder.require(
            kind == "SentenceTransformer", "model_type '\(kind)'", in: promptsName,
            use: "'SentenceTransformer'")
        // A prompt would be part of every text; an empty one changes nothing.
        guard values.defaultPromptName.map({ values.prompts?[$0] == "" }) ?? true, values.truncateDim == nil
        else {
            throw .invalidModel(
                folder.file(promptsName),
                "default_prompt_name and truncate_dim are not supported; use a model without them")
        }
    }
}

/// The `config.json` of a sentence-transformers Pooling module; only the mean over tokens is supported.
enum PoolingConfiguration {
    /// A JSON value; only true, strings and lists of strings matter.
    private enum Value: Decodable {
        case flag(Bool)
        case modes([String])
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let mode = try? container.decode(String.self) {
                self = .modes([mode])
            } else if let modes = try? container.decode([String].self) {
                self = .modes(modes)
            } else {
                self = .other
            }
        }
    }

    /// Checks that the pooling is the mean over a text's tokens and nothing else.
    ///
    /// Newer folders have `pooling_mode`, a mode or a list; older ones have a flag for each mode, such as
    /// `pooling_mode_mean_tokens`, which do not count beside it. Without any, the mode is the mean.
    ///
    /// - Throws: `invalidModel` that names the unsupported mode.
    static func check(_ folder: ModelFolder) throws(SgloradError) {
        let name = SentenceConfiguration.poolingName
        let values = try folder.decode([String: Value].self, from: name)
        var modes: [String] = []
        if case .modes(let named)? = values["pooling_mode"] {
            modes = named
        } else {
            for (key, value) in values where key.hasPrefix("pooling_mode_") {
                if case .flag(true) = value { modes.append(key) }
            }
        }
        if modes.isEmpty { modes = ["mean"] }
        guard modes == ["mean"] || modes == ["pooling_mode_mean_tokens"] else {
            throw .invalidModel(
                folder.file(name),
                "\(modes.sorted().joined(separator: ", ")) is not supported; use a model that takes the mean over "
                    + "tokens (pooling_mode_mean_tokens)")
        }
    }
}

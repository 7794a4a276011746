internal import ErrorModel

/// The configuration file of a sentence-transformers Transformer module, `sentence_bert_config.json`.
///
/// Source: `Transformer` in sentence-transformers 6.2, which writes the limit into `tokenizer_config.json` and
/// reads it in either file.
struct TransformerModule: Sendable {
    /// A limit on the length of a text, and where it stands.
    struct Limit: Sendable {
        let tokens: Int
        let key: String
        /// The file's absolute path.
        let file: String
    }

    let limit: Limit?
    /// The absolute path of the file, if there is one.
    let files: [String]

    /// The file's names, in the order in which they are tried: an empty object counts as a missing file.
    private static let names =
        ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"].map {
            "sentence_\($0)_config.json"
        }

    private struct File: Decodable {
        var maxSeqLength: Int?
        var processorKwargs: Arguments?
        var tokenizerArgs: Arguments?
        var modelKwargs: Arguments?
        var modelArgs: Arguments?
        var configKwargs: Arguments?
        var configArgs: Arguments?
        var transformerTask: String?
        var modalityConfig: [String: Modality]?
        var moduleOutputName: String?
        var queryExpansion: Arguments?
        var processingKwargs: Arguments?
    }

    private struct Modality: Decodable {
        var method: String?
        var methodOutputName: String?
    }

    /// Arguments for Python functions: only the limit is understood.
    private struct Arguments: Decodable {
        var modelMaxLength: Int?
        let others: [String]

        private struct Key: CodingKey {
            let stringValue: String
            let intValue: Int? = nil
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            let limit = Key(stringValue: "modelMaxLength")
            modelMaxLength = try values.decodeIfPresent(Int.self, forKey: limit)
            others = values.allKeys.map(\.stringValue).filter { $0 != limit.stringValue }.sorted()
        }
    }

    /// Reads and checks the file, if there is one.
    ///
    /// - Throws: `invalidModel` that names the unsupported option.
    init(of folder: ModelFolder) throws(SgloradError) {
        var found: (name: String, file: File)?
        for name in Self.names where folder.holds(name) {
            let members = try folder.decode([String: Ignored].self, from: name)
            if members.isEmpty { continue }
            found = (name, try folder.decode(File.self, from: name))
            break
        }
        guard let (name, file) = found else {
            (limit, files) = (nil, [])
            return
        }
        try Self.check(file, name, in: folder)
        let path = folder.file(name)
        files = [path]
        if let tokens = (file.processorKwargs ?? file.tokenizerArgs)?.modelMaxLength {
            limit = Limit(tokens: tokens, key: "model_max_length", file: path)
        } else {
            limit = file.maxSeqLength.map { Limit(tokens: $0, key: "max_seq_length", file: path) }
        }
    }

    /// `do_lower_case` is not checked: it changes nothing before an uncased tokenizer.
    private static func check(_ file: File, _ name: String, in folder: ModelFolder) throws(SgloradError) {
        func require(_ condition: Bool, _ option: String, _ wanted: String) throws(SgloradError) {
            try folder.require(condition, option, in: name, use: wanted)
        }
        for (key, arguments, limited) in [
            ("processor_kwargs", file.processorKwargs, true), ("tokenizer_args", file.tokenizerArgs, true),
            ("model_kwargs", file.modelKwargs, false), ("model_args", file.modelArgs, false),
            ("config_kwargs", file.configKwargs, false), ("config_args", file.configArgs, false),
            ("query_expansion", file.queryExpansion, false),
            ("processing_kwargs", file.processingKwargs, false),
        ] {
            guard let arguments else { continue }
            let others =
                arguments.others + (arguments.modelMaxLength != nil && !limited ? ["modelMaxLength"] : [])
            try require(
                others.isEmpty, "\(key) with \(others.joined(separator: ", "))", "a model without \(key)")
        }
        let task = file.transformerTask ?? "feature-extraction"
        try require(task == "feature-extraction", "transformer_task '\(task)'", "'feature-extraction'")
        let output = file.moduleOutputName ?? "token_embeddings"
        try require(output == "token_embeddings", "module_output_name '\(output)'", "'token_embeddings'")
        guard let modalities = file.modalityConfig else { return }
        let text = modalities["text"]
        try require(
            text?.method == "forward" && text?.methodOutputName == "last_hidden_state",
            "another modality_config",
            "text by 'forward' and its 'last_hidden_state'")
    }

    /// A JSON value that does not matter.
    private struct Ignored: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}

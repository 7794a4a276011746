import ErrorModel
import Foundation
import LowRank
import Testing
import TextEncoding

@Suite("Loading a model")
struct ModelLoadingTests {
    /// Expects that loading the folder fails with a message that names the file and the problem.
    private func expectRefusal(
        _ model: TinyModel, file: String, naming fault: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let error = try #require(throws: SgloradError.self, sourceLocation: sourceLocation) {
            try SentenceEncoder(folder: model.path)
        }
        #expect(error.code == .invalidModel, sourceLocation: sourceLocation)
        #expect(error.parameters["file"] == .string("\(model.path)/\(file)"), sourceLocation: sourceLocation)
        #expect(error.message.contains(fault), "\(error.message)", sourceLocation: sourceLocation)
    }

    @Test("A valid model of unusual dimensions loads and encodes")
    func sound() throws {
        let model = try TinyModel()
        let encoder = try SentenceEncoder(folder: model.path + "/")
        #expect(encoder.dimension == 8 && encoder.maximumTokens == 10 && encoder.name == "tiny model")
        let encoding = try encoder.encode("A b c cd")
        #expect(encoding.tokenCount == 7 && !encoding.truncated)
        let length = encoding.embedding.reduce(0) { $0 + $1 * $1 }
        #expect(abs(length - 1) < 1e-6)
        #expect(
            encoder.linearSites.map(\.path)
                == [
                    "attention.self.query", "attention.self.key", "attention.self.value",
                    "attention.output.dense",
                    "intermediate.dense", "output.dense",
                ].map { "encoder.layer.0." + $0 })
    }

    @Test(
        "A missing file is named",
        arguments: [
            "modules.json", "config.json", "vocab.txt", "model.safetensors", "1_Pooling/config.json",
        ])
    func missing(file: String) throws {
        let model = try TinyModel()
        try model.remove(file)
        try expectRefusal(model, file: file, naming: "is missing")
    }

    @Test("Without sentence_bert_config.json the limit is the number of positions")
    func defaultLimit() throws {
        let model = try TinyModel()
        try model.remove("sentence_bert_config.json")
        let encoder = try SentenceEncoder(folder: model.path)
        #expect(encoder.maximumTokens == 16)
        #expect(encoder.filesOfDigest.count == 6)
    }

    @Test("A missing folder is rejected")
    func noFolder() {
        #expect(throws: SgloradError.self) { try SentenceEncoder(folder: "/nonexistent/model") }
    }

    @Test(
        "Unsupported options are named",
        arguments: [
            ("config.json", #""gelu""#, #""relu""#, "hidden_act 'relu'"),
            ("config.json", #""absolute""#, #""relative_key""#, "position_embedding_type 'relative_key'"),
            ("config.json", #""bert""#, #""mpnet""#, "model_type 'mpnet'"),
            ("config.json", #""hidden_act""#, #""is_decoder": true, "hidden_act""#, "is_decoder"),
            (
                "config.json", #""num_attention_heads": 2"#, #""num_attention_heads": 3"#,
                "num_attention_heads is 3"
            ),
            ("config.json", #""hidden_size": 8"#, #""hidden_size": 9000000000"#, "hidden_size is 9000000000"),
            ("config.json", #""hidden_size": 8,"#, "", "'hidden_size' is missing"),
            ("config.json", #""vocab_size": 9"#, #""vocab_size": "9""#, "vocab_size"),
            ("config.json", "{", "[", "JSON"),
            ("tokenizer_config.json", "true", "false", "do_lower_case false"),
            ("tokenizer_config.json", "null", "false", "strip_accents false"),
            (
                "tokenizer_config.json", "null", #"null, "tokenizer_class": "XLMRobertaTokenizer""#,
                "XLMRobertaTokenizer"
            ),
            (
                "tokenizer_config.json", "null", #"null, "tokenize_chinese_chars": false"#,
                "tokenize_chinese_chars"
            ),
            (
                "tokenizer_config.json", "null", #"null, "added_tokens_decoder": {"9": {"content": "<x>"}}"#,
                "the added token '<x>'"
            ),
            ("modules.json", "models.Normalize", "models.Dense", "sentence_transformers.models.Dense"),
            ("modules.json", #""1_Pooling""#, #""../1_Pooling""#, "outside the model's folder"),
            ("modules.json", "models.Transformer", "models.Pooling", "lists Pooling, Pooling"),
            ("1_Pooling/config.json", "false", "true", "pooling_mode_cls_token"),
            ("sentence_bert_config.json", "10", "17", "max_seq_length is 17"),
            ("vocab.txt", "##d", "##d\ne\nf", "has 11 pieces"),
            ("vocab.txt", "[MASK]", "mask", "'[MASK]'"),
        ])
    func unsupported(file: String, old: String, new: String, fault: String) throws {
        let model = try TinyModel()
        try model.replace(old, with: new, in: file)
        try expectRefusal(model, file: file, naming: fault)
    }

    @Test("The newer form of the pooling configuration is read")
    func newerPooling() throws {
        let model = try TinyModel()
        try model.write("1_Pooling/config.json", #"{"word_embedding_dimension": 8, "pooling_mode": "mean"}"#)
        #expect(try SentenceEncoder(folder: model.path).dimension == 8)
        try model.write(
            "1_Pooling/config.json", #"{"word_embedding_dimension": 8, "pooling_mode": "lasttoken"}"#)
        try expectRefusal(model, file: "1_Pooling/config.json", naming: "lasttoken")
    }

    @Test("A default prompt, which would be part of every text, is rejected")
    func prompt() throws {
        let model = try TinyModel()
        try model.write(
            "config_sentence_transformers.json",
            #"{"prompts": {"query": "q: "}, "default_prompt_name": null}"#)
        #expect(try SentenceEncoder(folder: model.path).filesOfDigest.count == 8)
        try model.write("config_sentence_transformers.json", #"{"default_prompt_name": "query"}"#)
        try expectRefusal(model, file: "config_sentence_transformers.json", naming: "default_prompt_name")
    }

    @Test("A FIFO in place of a file is rejected without blocking")
    func fifo() throws {
        let model = try TinyModel()
        try model.remove("config.json")
        try #require(mkfifo(model.path + "/config.json", 0o600) == 0)
        try expectRefusal(model, file: "config.json", naming: "not a regular file")
    }

    @Test("A JSON file above the size limit is rejected")
    func longFile() throws {
        let model = try TinyModel()
        try model.write("tokenizer_config.json", String(repeating: " ", count: 2 << 20))
        try expectRefusal(model, file: "tokenizer_config.json", naming: "above the limit")
    }

    @Test("The digest covers weights, vocabulary and configurations")
    func digest() throws {
        let model = try TinyModel()
        let files = try SentenceEncoder(folder: model.path).filesOfDigest
        #expect(
            files
                == [
                    "1_Pooling/config.json", "config.json", "model.safetensors", "modules.json",
                    "sentence_bert_config.json", "tokenizer_config.json", "vocab.txt",
                ].map { "\(model.path)/\($0)" })
    }
}

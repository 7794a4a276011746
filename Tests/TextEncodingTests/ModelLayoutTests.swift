import ErrorModel
import Foundation
import Testing
import TextEncoding

/// The layouts in which versions of sentence-transformers save one model.
///
/// What each means was established with sentence-transformers 6.2 and transformers 5.24: the limit that
/// `max_seq_length` reports, and the embeddings.
@Suite("Layouts of a model's folder")
struct ModelLayoutTests {
    /// The vocabulary and settings of ``TinyModel`` as a `tokenizer.json`.
    static func tokenizer(_ vocabulary: [String] = TinyModel.vocabulary) -> String {
        let pieces = vocabulary.enumerated().map { #""\#($1)": \#($0)"# }.joined(separator: ", ")
        return """
            {"version": "1.0", "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
             "padding": null,
             "added_tokens": [{"id": 2, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false,
                               "normalized": false, "special": true}],
             "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                            "strip_accents": null, "lowercase": true},
             "pre_tokenizer": {"type": "BertPreTokenizer"},
             "post_processor": {"type": "TemplateProcessing",
                 "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                            {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                 "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                                    "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
             "decoder": null,
             "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                       "max_input_chars_per_word": 100, "vocab": {\(pieces)}}}
            """
    }

    /// A model as sentence-transformers 6 saves it: the vocabulary in `tokenizer.json`, the limit in
    /// `tokenizer_config.json`.
    private func newer(limit: String = "10") throws -> TinyModel {
        let model = try TinyModel()
        try model.remove("vocab.txt")
        try model.write("tokenizer.json", Self.tokenizer())
        try model.write(
            "tokenizer_config.json",
            #"{"backend": "tokenizers", "do_lower_case": true, "model_max_length": \#(limit), "is_local": true, "#
                + #""tokenizer_class": "BertTokenizer", "truncation_side": "right", "padding_side": "right"}"#
        )
        try model.write(
            "sentence_bert_config.json",
            #"{"transformer_task": "feature-extraction", "modality_config": {"text": {"method": "forward", "#
                + #""method_output_name": "last_hidden_state"}}, "module_output_name": "token_embeddings"}"#)
        try model.write(
            "modules.json",
            """
            [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
             {"idx": 1, "name": "1", "path": "1_Pooling",
              "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
             {"idx": 2, "name": "2", "path": "2_Normalize",
              "type": "sentence_transformers.base.modules.normalize.Normalize"}]
            """)
        try model.write(
            "1_Pooling/config.json",
            #"{"embedding_dimension": 8, "pooling_mode": "mean", "include_prompt": true}"#)
        try model.makeFolder("2_Normalize")
        try model.write(
            "2_Normalize/config.json",
            #"{"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}"#)
        try model.write(
            "config_sentence_transformers.json",
            #"{"model_type": "SentenceTransformer", "default_prompt_name": null, "prompts": {"query": ""}}"#)
        return model
    }

    private static let text = "a b cd [SEP] zz A"

    @Test("The newer layout gives the same limit and embeddings as the older one")
    func newerLayout() throws {
        let (kept, older) = try TinyModel.withEncoder()
        defer { withExtendedLifetime(kept) {} }
        let model = try newer()
        let encoder = try SentenceEncoder(folder: model.path)
        #expect(encoder.maximumTokens == older.maximumTokens)
        let expected = try older.encode(Self.text).embedding
        #expect(try encoder.encode(Self.text).embedding == expected)
        #expect(
            encoder.filesOfDigest.map { $0.dropFirst(model.path.count + 1) }
                == [
                    "1_Pooling/config.json", "2_Normalize/config.json", "config.json",
                    "config_sentence_transformers.json", "model.safetensors", "modules.json",
                    "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json",
                ])
    }

    /// The rules of the limit: `sentence_bert_config.json`, `tokenizer_config.json`, the limit.
    @Test(
        "The limit stands in either configuration",
        arguments: [
            (#"{"max_seq_length": 10}"#, #"{"model_max_length": 5}"#, 10),
            (#"{"max_seq_length": null}"#, #"{"model_max_length": 5}"#, 5),
            ("{}", #"{"model_max_length": 5}"#, 5),
            ("{}", #"{"model_max_length": 512}"#, 16),
            ("{}", #"{"model_max_length": 1000000000000000019884624838656}"#, 16),
            ("{}", "{}", 16),
            (#"{"max_seq_length": 4, "processor_kwargs": {"model_max_length": 7}}"#, "{}", 7),
            (#"{"tokenizer_args": {"model_max_length": 7}, "model_args": {}}"#, "{}", 7),
            (#"{"max_seq_length": 10, "do_lower_case": true}"#, "{}", 10),
        ])
    func limit(module: String, tokenizer: String, expected: Int) throws {
        let model = try TinyModel()
        try model.write("tokenizer.json", Self.tokenizer())
        try model.write("sentence_bert_config.json", module)
        try model.write("tokenizer_config.json", tokenizer)
        #expect(try SentenceEncoder(folder: model.path).maximumTokens == expected)
    }

    @Test(
        "The limit of a module saved under an older name is read, and files that may be missing may be missing"
    )
    func names() throws {
        let model = try TinyModel()
        try model.remove("sentence_bert_config.json")
        try model.write("sentence_roberta_config.json", #"{"max_seq_length": 6}"#)
        try model.remove("tokenizer_config.json")
        #expect(try SentenceEncoder(folder: model.path).maximumTokens == 6)
    }

    @Test("Where both files have a vocabulary, tokenizer.json counts; equal ones leave the digest as it was")
    func twoVocabularies() throws {
        let model = try TinyModel()
        let before = try SentenceEncoder(folder: model.path)
        try model.write("tokenizer.json", Self.tokenizer())
        let same = try SentenceEncoder(folder: model.path)
        #expect(same.filesOfDigest == before.filesOfDigest)
        try model.write(
            "vocab.txt", (TinyModel.vocabulary.dropLast(4) + ["b", "a", "c", "##d"]).joined(separator: "\n"))
        let other = try SentenceEncoder(folder: model.path)
        let expected = try before.encode("a").embedding
        #expect(try other.encode("a").embedding == expected)
        #expect(other.filesOfDigest.contains { $0.hasSuffix("/tokenizer.json") })
        #expect(!other.filesOfDigest.contains { $0.hasSuffix("/vocab.txt") })
    }

    @Test("Pieces that are equal to Swift but spelt otherwise are told apart, and ids may be missing")
    func spellings() throws {
        let model = try newer()
        let vocabulary = [
            ("[PAD]", 0), ("[UNK]", 1), ("[CLS]", 2), ("[SEP]", 3), ("[MASK]", 4), ("豈", 6), ("\u{F900}", 8),
        ]
        let pieces = vocabulary.map { #""\#($0)": \#($1)"# }.joined(separator: ", ")
        let whole = Self.tokenizer()
        let start = try #require(whole.range(of: #""vocab": {"#)).upperBound
        try model.write("tokenizer.json", whole[..<start] + pieces + "}}}")
        #expect(try SentenceEncoder(folder: model.path).encode("豈").tokenCount == 3)
    }

    @Test(
        "A general tokenizer class takes its settings from tokenizer.json",
        arguments: ["PreTrainedTokenizerFast", "TokenizersBackend"])
    func generalClass(name: String) throws {
        let model = try newer()
        try model.replace("BertTokenizer", with: name, in: "tokenizer_config.json")
        let (kept, older) = try TinyModel.withEncoder()
        defer { withExtendedLifetime(kept) {} }
        let expected = try older.encode(Self.text).embedding
        #expect(try SentenceEncoder(folder: model.path).encode(Self.text).embedding == expected)
        for (old, new, fault) in [
            (#""lowercase": true"#, #""lowercase": false"#, "lowercase false"),
            (#""strip_accents": null"#, #""strip_accents": false"#, "strip_accents false"),
            (#""type": "BertNormalizer""#, #""type": "NFC""#, "the normalizer 'NFC'"),
            (#""type": "BertPreTokenizer""#, #""type": "Whitespace""#, "the pre-tokenizer 'Whitespace'"),
        ] {
            let damaged = try newer()
            try damaged.replace("BertTokenizer", with: name, in: "tokenizer_config.json")
            try damaged.replace(old, with: new, in: "tokenizer.json")
            try expectRefusal(damaged, file: "tokenizer.json", naming: fault)
        }
    }

    @Test("Under the class BertTokenizer the normalizer in tokenizer.json has no effect")
    func ownClass() throws {
        let model = try newer()
        try model.replace(#""lowercase": true"#, with: #""lowercase": false"#, in: "tokenizer.json")
        let (kept, older) = try TinyModel.withEncoder()
        defer { withExtendedLifetime(kept) {} }
        let expected = try older.encode(Self.text).embedding
        #expect(try SentenceEncoder(folder: model.path).encode(Self.text).embedding == expected)
    }

    @Test(
        "The mean is the pooling where none is set, or as a list",
        arguments: [
            #"{"word_embedding_dimension": 8}"#,
            #"{"pooling_mode_mean_tokens": false, "pooling_mode_cls_token": false}"#,
            #"{"pooling_mode": ["mean"]}"#, #"{"pooling_mode": "mean", "pooling_mode_cls_token": true}"#,
        ])
    func pooling(configuration: String) throws {
        let model = try TinyModel()
        try model.write("1_Pooling/config.json", configuration)
        #expect(try SentenceEncoder(folder: model.path).dimension == 8)
    }

    @Test(
        "What cannot give the same embeddings is refused by name",
        arguments: [
            ("tokenizer.json", #""WordPiece""#, #""BPE""#, "the tokenizer model 'BPE'"),
            (
                "tokenizer.json", #""max_input_chars_per_word": 100"#, #""max_input_chars_per_word": 5"#,
                "_word 5"
            ),
            (
                "tokenizer.json", "\"continuing_subword_prefix\": \"##\"",
                "\"continuing_subword_prefix\": \"@@\"", "prefix"
            ),
            ("tokenizer.json", #""lstrip": false"#, #""lstrip": true"#, "lstrip"),
            ("tokenizer.json", #""content": "[CLS]""#, #""content": "<x>""#, "the added token '<x>'"),
            ("tokenizer.json", #""ids": [2]"#, #""ids": [4]"#, "its post-processor"),
            (
                "tokenizer.json", #"{"id": "A", "type_id": 0}"#, #"{"id": "B", "type_id": 0}"#,
                "its post-processor"
            ),
            ("tokenizer.json", #""vocab": {"#, #""vocab": {"x": 1, "#, "two pieces with the id 1"),
            ("tokenizer.json", #""[MASK]": 4, "#, "", "[MASK]"),
            ("tokenizer.json", "\"##d\": 8", "\"##d\": 9", "has 10 pieces"),
            ("tokenizer.json", "\"##d\": 8", "\"##d\": -8", "ids beyond"),
            (
                "tokenizer_config.json", #""truncation_side": "right""#, #""truncation_side": "left""#,
                "truncation_side"
            ),
            (
                "tokenizer_config.json", #""model_max_length": 10"#, #""model_max_length": 1"#,
                "model_max_length is 1"
            ),
            ("sentence_bert_config.json", "feature-extraction", "fill-mask", "transformer_task 'fill-mask'"),
            ("sentence_bert_config.json", "last_hidden_state", "pooler_output", "modality_config"),
            (
                "sentence_bert_config.json", #"{"transformer"#,
                #"{"model_kwargs": {"dtype": "float16"}, "transformer"#,
                "model_kwargs with dtype"
            ),
            ("2_Normalize/config.json", "sentence_embedding", "token_embeddings", "'token_embeddings'"),
            ("config.json", #""hidden_act""#, #""dtype": "float16", "hidden_act""#, "dtype 'float16'"),
            (
                "config.json", #""hidden_act""#, #""torch_dtype": "bfloat16", "hidden_act""#,
                "dtype 'bfloat16'"
            ),
            (
                "config_sentence_transformers.json", "SentenceTransformer", "SparseEncoder",
                "model_type 'SparseEncoder'"
            ),
        ])
    func refused(file: String, old: String, new: String, fault: String) throws {
        let model = try newer()
        try model.replace(old, with: new, in: file)
        try expectRefusal(model, file: file, naming: fault)
    }

    @Test("Special tokens that two files name differently are refused, and one file suffices")
    func specialTokens() throws {
        let model = try TinyModel()
        try model.write(
            "special_tokens_map.json", #"{"cls_token": "[CLS]", "unk_token": {"content": "[UNK]"}}"#)
        #expect(try SentenceEncoder(folder: model.path).encode("a").tokenCount == 3)
        try model.write("tokenizer_config.json", #"{"cls_token": "[MASK]"}"#)
        try expectRefusal(model, file: "special_tokens_map.json", naming: "'[CLS]'")
    }

    @Test("Older names of a norm's parameters are read; other forms of weights are named")
    func weights() throws {
        let model = try TinyModel()
        let expected = try SentenceEncoder(folder: model.path).encode(Self.text).embedding
        let renamed = TinyModel.tensors().map { name, tensor in
            (
                "bert."
                    + name.replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
                    .replacingOccurrences(of: "LayerNorm.bias", with: "LayerNorm.beta"), tensor
            )
        }
        try model.writeWeights(Dictionary(uniqueKeysWithValues: renamed))
        #expect(try SentenceEncoder(folder: model.path).encode(Self.text).embedding == expected)
        try model.remove("model.safetensors")
        try model.write("pytorch_model.bin", "")
        try expectRefusal(model, file: "model.safetensors", naming: "'pytorch_model.bin' is not supported")
    }

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
}

import Foundation
import LinearAlgebra
import TextEncoding

/// A sentence-transformers folder in a temporary directory: a BERT of one layer and width 8, which tests can
/// damage.
final class TinyModel {
    typealias Tensor = (shape: [Int], type: String, bytes: Data)

    let folder: URL
    var path: String { folder.path(percentEncoded: false) }

    static let hidden = 8
    static let inner = 12
    static let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "##d"]

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path: "sglorad-\(UUID().uuidString)/tiny model")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "1_Pooling"), withIntermediateDirectories: true)
        try write(
            "modules.json",
            """
            [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
             {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
             {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
            """)
        try write(
            "config.json",
            """
            {"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
             "intermediate_size": 12, "vocab_size": 9, "max_position_embeddings": 16, "type_vocab_size": 2,
             "hidden_act": "gelu", "layer_norm_eps": 1e-12, "position_embedding_type": "absolute"}
            """)
        try write("tokenizer_config.json", #"{"do_lower_case": true, "strip_accents": null}"#)
        try write("sentence_bert_config.json", #"{"max_seq_length": 10, "do_lower_case": false}"#)
        try write(
            "1_Pooling/config.json",
            #"{"word_embedding_dimension": 8, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#
        )
        try write("vocab.txt", Self.vocabulary.joined(separator: "\n") + "\n")
        try writeWeights(Self.tensors())
    }

    deinit { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }

    /// The valid model and an encoder of it.
    static func withEncoder() throws -> (TinyModel, SentenceEncoder) {
        let model = try TinyModel()
        return (model, try SentenceEncoder(folder: model.path))
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(
            at: folder.appending(path: name), withIntermediateDirectories: true)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(at: folder.appending(path: name))
    }

    /// Replaces a text in a file.
    func replace(_ old: String, with new: String, in name: String) throws {
        let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        precondition(text.contains(old), "\(name) has no \(old)")
        try write(name, text.replacingOccurrences(of: old, with: new))
    }

    static func floats(_ values: [Float], _ shape: [Int]) -> Tensor {
        (shape, "F32", values.withUnsafeBytes { Data($0) })
    }

    /// The tensors of a valid model, with random elements.
    static func tensors() -> [String: Tensor] {
        var random = CounterRandom(seed: 5)
        var tensors: [String: Tensor] = [:]
        func add(_ name: String, _ shape: [Int], around centre: Float = 0) {
            let numbers = random.gaussians(shape.reduce(1, *)).map { centre + $0 * 0.3 }
            tensors[name] = floats(numbers, shape)
        }
        func norm(_ name: String) {
            add("\(name).weight", [hidden], around: 1)
            add("\(name).bias", [hidden])
        }
        func linear(_ name: String, _ inputs: Int, _ outputs: Int) {
            add("\(name).weight", [outputs, inputs])
            add("\(name).bias", [outputs])
        }
        add("embeddings.word_embeddings.weight", [vocabulary.count, hidden])
        add("embeddings.position_embeddings.weight", [16, hidden])
        add("embeddings.token_type_embeddings.weight", [2, hidden])
        norm("embeddings.LayerNorm")
        for name in ["self.query", "self.key", "self.value", "output.dense"] {
            linear("encoder.layer.0.attention.\(name)", hidden, hidden)
        }
        norm("encoder.layer.0.attention.output.LayerNorm")
        linear("encoder.layer.0.intermediate.dense", hidden, inner)
        linear("encoder.layer.0.output.dense", inner, hidden)
        norm("encoder.layer.0.output.LayerNorm")
        return tensors
    }

    func writeWeights(_ tensors: [String: Tensor]) throws {
        var header: [String] = []
        var data = Data()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let end = data.count + tensor.bytes.count
            header.append(
                #""\#(name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":[\#(data.count),\#(end)]}"#
            )
            data.append(tensor.bytes)
        }
        var text = "{" + header.joined(separator: ",") + "}"
        while text.utf8.count % 8 != 0 { text += " " }
        var file = withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Data($0) }
        file.append(Data(text.utf8))
        file.append(data)
        try file.write(to: folder.appending(path: "model.safetensors"))
    }
}

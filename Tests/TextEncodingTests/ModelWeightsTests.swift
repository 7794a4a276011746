import ErrorModel
import Foundation
import Testing
import TextEncoding

@Suite("A model's weights")
struct ModelWeightsTests {
    private static let text = "a b cd c"

    private func expectRefusal(
        _ model: TinyModel, naming fault: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let error = try #require(throws: SgloradError.self, sourceLocation: sourceLocation) {
            try SentenceEncoder(folder: model.path)
        }
        #expect(error.code == .invalidModel, sourceLocation: sourceLocation)
        #expect(error.message.contains("model.safetensors"), sourceLocation: sourceLocation)
        #expect(error.message.contains(fault), "\(error.message)", sourceLocation: sourceLocation)
    }

    @Test("A missing tensor is named", arguments: TinyModel.tensors().keys.sorted())
    func missing(name: String) throws {
        let model = try TinyModel()
        var tensors = TinyModel.tensors()
        tensors[name] = nil
        try model.writeWeights(tensors)
        try expectRefusal(model, naming: "'\(name)'")
    }

    @Test("Each tensor's shape is checked", arguments: TinyModel.tensors().keys.sorted())
    func shape(name: String) throws {
        let model = try TinyModel()
        var tensors = TinyModel.tensors()
        let shape = try #require(tensors[name]).shape
        let other = [shape[0] + 1] + shape.dropFirst()
        tensors[name] = TinyModel.floats([Float](repeating: 0, count: other.reduce(1, *)), other)
        try model.writeWeights(tensors)
        try expectRefusal(model, naming: "'\(name)'")
    }

    @Test("Truncated weights and other formats are rejected")
    func damaged() throws {
        let model = try TinyModel()
        let file = model.folder.appending(path: "model.safetensors")
        let whole = try Data(contentsOf: file)
        for length in [whole.count - 1, whole.count / 2, 100, 7] {
            try whole.prefix(length).write(to: file)
            try expectRefusal(model, naming: "download the model again")
        }
        try Data("not weights at all, only text".utf8).write(to: file)
        try expectRefusal(model, naming: "not a valid safetensors file")
    }

    @Test("The prefix bert. is accepted, and unused tensors are ignored")
    func prefixed() throws {
        let model = try TinyModel()
        let expected = try SentenceEncoder(folder: model.path).encode(Self.text)
        var tensors: [String: TinyModel.Tensor] = [:]
        for (name, tensor) in TinyModel.tensors() { tensors["bert." + name] = tensor }
        tensors["bert.embeddings.position_ids"] = ([1, 16], "I64", Data(count: 128))
        tensors["bert.pooler.dense.weight"] = TinyModel.floats([1, 2], [2])
        try model.writeWeights(tensors)
        #expect(try SentenceEncoder(folder: model.path).encode(Self.text).embedding == expected.embedding)
    }

    @Test("Half precision is converted; integers are rejected")
    func otherTypes() throws {
        let model = try TinyModel()
        var tensors = TinyModel.tensors()
        let name = "encoder.layer.0.output.dense.bias"
        let halves: [UInt16] = [0x3800, 0xB800, 0x3400, 0, 0x3C00, 0, 0, 0xB400]
        tensors[name] = TinyModel.floats([0.5, -0.5, 0.25, 0, 1, 0, 0, -0.25], [8])
        try model.writeWeights(tensors)
        let expected = try SentenceEncoder(folder: model.path).encode(Self.text)
        tensors[name] = ([8], "F16", halves.withUnsafeBytes { Data($0) })
        try model.writeWeights(tensors)
        #expect(try SentenceEncoder(folder: model.path).encode(Self.text).embedding == expected.embedding)
        tensors[name] = ([8], "I16", Data(count: 16))
        try model.writeWeights(tensors)
        try expectRefusal(model, naming: "I16")
    }

    @Test("Weights that produce NaN are an error")
    func notANumber() throws {
        let model = try TinyModel()
        var tensors = TinyModel.tensors()
        tensors["encoder.layer.0.output.LayerNorm.bias"] = TinyModel.floats([.nan, 0, 0, 0, 0, 0, 0, 0], [8])
        try model.writeWeights(tensors)
        let encoder = try SentenceEncoder(folder: model.path)
        let error = try #require(throws: SgloradError.self) { try encoder.encode(Self.text) }
        #expect(error.code == .invalidModel && error.message.contains("not a number"))
        #expect(throws: SgloradError.self) { try encoder.encode(batch: [Self.text]) }
    }
}

import AdapterFormats
import Foundation
import LinearAlgebra
import LowRank
import TestSupport
import Testing
import TextEncoding

@Suite(
    "Conformity with the Python stack",
    .enabled(if: Places.hasModel, "needs the model all-MiniLM-L6-v2 in .model"))
struct ConformityTests {
    let encoder: SentenceEncoder

    init() throws {
        encoder = try SentenceEncoder(folder: Places.model)
    }

    private func tokenizer() throws -> WordPieceTokenizer {
        let vocabulary = try Data(contentsOf: URL(filePath: Places.model + "/vocab.txt"))
        return try WordPieceTokenizer(vocabulary: Array(vocabulary))
    }

    @Test("Token ids of difficult texts match Hugging Face's tokenizer")
    func hardTokens() throws {
        let tokenizer = try tokenizer()
        let texts = try ReferenceText.hard()
        #expect(texts.count >= 60)
        for reference in texts {
            #expect(
                tokenizer.tokenize(reference.text, limit: 256).ids == reference.ids,
                "\(reference.text.debugDescription)")
        }
    }

    @Test("Embeddings of difficult texts match, one by one and in a batch")
    func hardEmbeddings() throws {
        let texts = try ReferenceText.hard().map(\.text)
        let reference = try SafetensorsFile(path: Reference.fixture("embeddings.safetensors")).floats(
            "embeddings")
        try expectEqual(texts.map { try encoder.encode($0) }, reference)
        try expectEqual(try encoder.encode(batch: texts), reference)
    }

    @Test(
        "With weights of 16 bits, every embedding keeps a cosine to the reference's",
        arguments: [(EncoderPrecision.bfloat16, 0.9995), (.float16, 0.99999)])
    func halfPrecision(_ precision: EncoderPrecision, _ bound: Double) throws {
        let half = try SentenceEncoder(folder: Places.model, precision: precision)
        var checks = [
            (
                texts: try ReferenceText.hard().map(\.text),
                file: Reference.fixture("embeddings.safetensors")
            )
        ]
        if Reference.isThere {
            checks.append(
                (
                    texts: try ReferenceText.shared().map(\.text),
                    file: Places.shared + "/reference/embeddings.safetensors"
                ))
        }
        for (texts, file) in checks {
            let rows = try SafetensorsFile(path: file).floats("embeddings").array
            var (least, largest) = (1.0, Float(0))
            for (index, text) in texts.enumerated() {
                let embedding = try half.encode(text).embedding
                let reference = rows[index * embedding.count..<(index + 1) * embedding.count]
                least = min(least, zip(embedding, reference).reduce(0) { $0 + Double($1.0) * Double($1.1) })
                largest = zip(embedding, reference).reduce(largest) { max($0, abs($1.0 - $1.1)) }
            }
            #expect(least >= bound)
            if Reference.printsDistances {
                print("\(precision.rawValue): smallest cosine \(least), largest difference \(largest)")
            }
        }
    }

    @Test("Embeddings with an adapter on every kind of linear layer match")
    func adaptedEverywhere() throws {
        let file = try SafetensorsFile(path: Reference.fixture("embeddings.safetensors"))
        let adapter = try adapter(in: file, prefix: "adapter.", suffix: "", scale: 2)
        #expect(adapter.layout.sites.count == 12)
        let texts = try ReferenceText.hard()[4...15].map(\.text)
        let reference = try file.floats("adapted")
        try expectEqual(texts.map { try encoder.encode($0, adapter: adapter) }, reference)
        try expectEqual(try encoder.encode(batch: texts, adapter: adapter), reference)
    }

    @Test(
        "Token ids of the reference texts match",
        .enabled(if: Reference.isThere, "needs ../shared/reference and the model"))
    func sharedTokens() throws {
        let tokenizer = try tokenizer()
        let texts = try ReferenceText.shared()
        #expect(texts.count == 178)
        for reference in texts {
            #expect(tokenizer.tokenize(reference.text, limit: 256).ids == reference.ids)
        }
    }

    @Test(
        "Embeddings of the reference texts match, without and with an expert",
        .enabled(if: Reference.isThere, "needs ../shared/reference, ../shared/zoo and the model"),
        arguments: ["", "bank-4", "clinc-travel-0", "wn-birds"])
    func sharedEmbeddings(expert: String) throws {
        let texts = try ReferenceText.shared().map(\.text)
        let references = try SafetensorsFile(path: Places.shared + "/reference/embeddings.safetensors")
        let reference = try references.floats(expert.isEmpty ? "embeddings" : "embeddings.\(expert)")
        let expertPath = Places.shared + "/zoo/\(expert)/adapter_model.safetensors"
        let adapter =
            expert.isEmpty
            ? nil
            : try adapter(
                in: SafetensorsFile(path: expertPath), prefix: "base_model.model.", suffix: ".weight",
                scale: 2)
        try expectEqual(texts.map { try encoder.encode($0, adapter: adapter) }, reference)
        try expectEqual(try encoder.encode(batch: texts, adapter: adapter), reference)
    }
}

import Foundation
import TestSupport

/// The references that the Python stack computed.
enum Reference {
    /// Whether the text encoder and the references for all texts are there.
    static let isThere = Places.hasModel && Places.hasShared("reference/embeddings.safetensors")

    /// Set to print the differences from the references.
    static let printsDistances = ProcessInfo.processInfo.environment["SGLORAD_PRINT_DISTANCES"] != nil

    /// The path of a reference that is part of this test target.
    static func fixture(_ name: String) -> String {
        Bundle.module.bundleURL.appending(path: "Fixtures/\(name)").path(percentEncoded: false)
    }
}

/// A text and its token ids by Hugging Face's tokenizer.
struct ReferenceText: Decodable {
    let text: String
    let ids: [Int32]

    static func hard() throws -> [ReferenceText] {
        struct File: Decodable { let texts: [ReferenceText] }
        let data = try Data(contentsOf: URL(filePath: Reference.fixture("hard-texts.json")))
        return try JSONDecoder().decode(File.self, from: data).texts
    }

    static func shared() throws -> [ReferenceText] {
        let data = try Data(contentsOf: URL(filePath: Places.shared + "/reference/texts.json"))
        return try JSONDecoder().decode([ReferenceText].self, from: data)
    }
}

import Foundation

/// Where tests find what is not theirs, and what they say when it is not there.
enum Places {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The folder of the real model.
    static let model: String =
        ProcessInfo.processInfo.environment["SGLORAD_MODEL"]
        ?? repository.appending(path: ".model/all-MiniLM-L6-v2").path(percentEncoded: false)
    static let hasModel = FileManager.default.fileExists(atPath: model + "/model.safetensors")

    /// The folder of the Python reference.
    static let shared = repository.deletingLastPathComponent().appending(path: "shared").path(
        percentEncoded: false)
    static let hasReference =
        hasModel && FileManager.default.fileExists(atPath: shared + "/reference/embeddings.safetensors")

    /// Set to see how near the reference is, not only that it is near enough.
    static let printsDistances = ProcessInfo.processInfo.environment["SGLORAD_PRINT_DISTANCES"] != nil

    /// A file of Fixtures.
    static func fixture(_ name: String) -> String {
        Bundle.module.bundleURL.appending(path: "Fixtures/\(name)").path(percentEncoded: false)
    }
}

/// A text and its token ids by Hugging Face's tokenizer.
struct ReferenceText: Decodable {
    let text: String
    let ids: [Int32]

    /// The texts of Fixtures/hard-texts.json.
    static func hard() throws -> [ReferenceText] {
        struct File: Decodable { let texts: [ReferenceText] }
        let data = try Data(contentsOf: URL(filePath: Places.fixture("hard-texts.json")))
        return try JSONDecoder().decode(File.self, from: data).texts
    }

    /// The texts of ../shared/reference.
    static func shared() throws -> [ReferenceText] {
        let data = try Data(contentsOf: URL(filePath: Places.shared + "/reference/texts.json"))
        return try JSONDecoder().decode([ReferenceText].self, from: data)
    }
}

import Foundation

/// The locations of files outside this test target, some of them optional.
enum Places {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The folder of all-MiniLM-L6-v2.
    static let model: String =
        ProcessInfo.processInfo.environment["SGLORAD_MODEL"]
        ?? repository.appending(path: ".model/all-MiniLM-L6-v2").path(percentEncoded: false)
    static let hasModel = FileManager.default.fileExists(atPath: model + "/model.safetensors")

    /// The folder with references computed in Python.
    static let shared = repository.deletingLastPathComponent().appending(path: "shared").path(
        percentEncoded: false)
    static let hasReference =
        hasModel && FileManager.default.fileExists(atPath: shared + "/reference/embeddings.safetensors")

    /// Set to print the differences from the references.
    static let printsDistances = ProcessInfo.processInfo.environment["SGLORAD_PRINT_DISTANCES"] != nil

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
        let data = try Data(contentsOf: URL(filePath: Places.fixture("hard-texts.json")))
        return try JSONDecoder().decode(File.self, from: data).texts
    }

    static func shared() throws -> [ReferenceText] {
        let data = try Data(contentsOf: URL(filePath: Places.shared + "/reference/texts.json"))
        return try JSONDecoder().decode([ReferenceText].self, from: data)
    }
}

import Foundation

/// The locations of files that the tests share.
enum Places {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The folder of the text encoder.
    static let model: String =
        ProcessInfo.processInfo.environment["SGLORAD_MODEL"]
        ?? repository.appending(path: ".model/all-MiniLM-L6-v2").path(percentEncoded: false)
    static let hasModel = FileManager.default.fileExists(atPath: model + "/model.safetensors")

    /// The folder of the whole zoo, all tasks and the Python reference.
    static let shared = repository.deletingLastPathComponent().appending(path: "shared").path(
        percentEncoded: false)
    static let hasReference =
        hasModel && FileManager.default.fileExists(atPath: shared + "/reference/recall.json")

    /// The experts of the example library.
    static let zoo = repository.appending(path: "Examples/minilm-zoo/experts").path(percentEncoded: false)
}

import Foundation

/// Where the tests find the programs and the data that they use.
enum Places {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The folder that the build puts programs into: the test bundle lies beside them.
    static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()
        .path(percentEncoded: false)

    /// The folder of the real model, and whether `make model` has fetched it.
    static let model: String =
        ProcessInfo.processInfo.environment["SGLORAD_MODEL"]
        ?? repository.appending(path: ".model/all-MiniLM-L6-v2").path(percentEncoded: false)
    static let hasModel = FileManager.default.fileExists(atPath: model + "/model.safetensors")

    /// The example library.
    static let zoo = repository.appending(path: "Examples/minilm-zoo").path(percentEncoded: false)

    /// The folders of some of its experts.
    static func experts(_ names: String...) -> [String] { names.map { "\(zoo)/experts/\($0)" } }

    /// A small library of two families.
    static let fewExperts = experts(
        "wn-birds", "wn-fish", "wn-insects", "wn-trees", "clinc-travel-0", "clinc-banking-0")

    /// Python with peft, transformers and torch, if somebody has made it.
    static let python: String? = {
        let given = ProcessInfo.processInfo.environment["SGLORAD_PYTHON"]
        let own = repository.appending(path: ".build-python/bin/python").path(percentEncoded: false)
        return [given, own].compactMap { $0 }.first { candidate in
            let packages = URL(filePath: candidate).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "lib").path(percentEncoded: false)
            let versions = (try? FileManager.default.contentsOfDirectory(atPath: packages)) ?? []
            return versions.contains {
                FileManager.default.fileExists(atPath: "\(packages)/\($0)/site-packages/peft")
                    && FileManager.default.fileExists(atPath: "\(packages)/\($0)/site-packages/torch")
            }
        }
    }()
}

/// Makes a folder for one test and removes it.
func withTemporaryFolder<R>(_ body: (String) async throws -> R) async throws -> R {
    // Short: a socket's path may have 107 bytes.
    let folder = "/tmp/sgl-\(UUID().uuidString.prefix(13))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

internal import Foundation
public import Testing

/// Where the tests find programs and data.
public enum Places {
    /// The repository's root.
    public static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path(percentEncoded: false)
        .trimmingSlash

    /// The absolute path of a file of the repository.
    public static func file(_ name: String) -> String { "\(repository)/\(name)" }

    /// The folder of the built programs.
    ///
    /// The test bundle lies beside them.
    public static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path(percentEncoded: false).trimmingSlash

    /// The folder of the text encoder: `SGLORAD_MODEL`, or where `make model` puts it.
    public static let model =
        ProcessInfo.processInfo.environment["SGLORAD_MODEL"] ?? file(".model/all-MiniLM-L6-v2")
    /// Whether the text encoder is there.
    public static let hasModel = FileManager.default.fileExists(atPath: model + "/model.safetensors")

    /// The folder `shared` beside the repository: the whole zoo, all tasks, the Python reference.
    ///
    /// It need not exist.
    public static let shared = URL(filePath: repository).deletingLastPathComponent().appending(path: "shared")
        .path(percentEncoded: false).trimmingSlash

    /// Whether `shared` has a file or folder.
    public static func hasShared(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(shared)/\(name)")
    }

    /// The example library.
    public static let zoo = file("Examples/minilm-zoo")

    /// The folders of some experts of the example library.
    public static func experts(_ names: String...) -> [String] { names.map { "\(zoo)/experts/\($0)" } }

    /// Two experts of one family: enough for most tests.
    public static let twoExperts = experts("wn-birds", "wn-fish")

    /// A small library of two families.
    public static let fewExperts = experts(
        "wn-birds", "wn-fish", "wn-insects", "wn-trees", "clinc-travel-0", "clinc-banking-0")

    /// A Python with peft, transformers and torch: `SGLORAD_PYTHON`, or the one that `Scripts/python.sh` makes.
    public static let python: String? = {
        let candidates = [
            ProcessInfo.processInfo.environment["SGLORAD_PYTHON"], file(".build-python/bin/python"),
        ]
        return candidates.compactMap { $0 }.first { candidate in
            let packages = URL(filePath: candidate).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "lib").path(percentEncoded: false)
            let versions = (try? FileManager.default.contentsOfDirectory(atPath: packages)) ?? []
            return versions.contains { version in
                ["peft", "torch"].allSatisfy {
                    FileManager.default.fileExists(atPath: "\(packages)/\(version)/site-packages/\($0)")
                }
            }
        }
    }()
}

extension Trait where Self == ConditionTrait {
    /// Skips the tests where the text encoder has not been fetched.
    public static var needsModel: Self { .enabled(if: Places.hasModel, "needs the text encoder: make model") }
}

extension String {
    fileprivate var trimmingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}

internal import AdapterFiles
public import ErrorModel
public import LowRank

/// A LoRA adapter as PEFT saves it, with the checkpoints that the Hugging Face trainer leaves beside it.
///
/// The folder, and optionally folders `checkpoint-<n>` in it, hold `adapter_config.json` and
/// `adapter_model.safetensors`. A checkpoint without its own configuration uses the folder's. All must have
/// the same sites, ranks and scales; a checkpoint that cannot be read or does not match is left out. Where the
/// folder has no weights of its own, its last checkpoint is the adapter. Source of the format: PEFT 0.21,
/// `utils/save_and_load.py` and `tuners/lora`.
public struct PEFTFolder: Sendable {
    /// The fields that adapters written for this one's library repeat.
    public let template: PEFTTemplate
    /// The adapter itself, named "" or as the checkpoint that it is, then the other checkpoints by ascending number.
    public internal(set) var checkpoints: [PEFTCheckpoint]
    /// The checkpoints that were left out, by ascending number.
    public let omissions: [PEFTOmission]
    /// How the adapter's own tensors are named.
    public let names: PEFTNames

    /// The prefix of a module's path in tensor names.
    static let prefix = "base_model.model."
    static let configurationName = AdapterFileName.configuration
    static let weightsName = AdapterFileName.weights
    static let pickleName = AdapterFileName.pickle

    /// Reads an adapter from files.
    ///
    /// - Parameter files: the path of each file by its relative name, such as
    ///   `checkpoint-3/adapter_model.safetensors`. Nobody may truncate the files meanwhile. Names that are
    ///   not ``isRelevant(_:)`` are ignored.
    /// - Throws: `invalidFile` if the adapter's own file is damaged, missing or inconsistent;
    ///   `unsupportedAdapter` if the adapter is valid but uses a feature that is not supported.
    public static func read(files: [String: String]) throws(SgloradError) -> PEFTFolder {
        var numbers = Set(files.keys.compactMap { AdapterFileName.checkpointNumber(ofFile: $0) }).sorted()
        var omissions: [Int: PEFTOmission] = [:]
        let root = try root(of: files, &numbers, &omissions)
        var checkpoints = [root.checkpoint]
        for number in numbers {
            do throws(SgloradError) {
                let found = try part("checkpoint-\(number)", of: files, besides: root.configuration)
                try found.checkpoint.requireSameSites(as: root.checkpoint)
                checkpoints.append(found.checkpoint)
            } catch {
                omissions[number] = PEFTOmission(name: "checkpoint-\(number)", reason: error.message)
            }
        }
        return PEFTFolder(
            template: root.configuration.template, checkpoints: checkpoints,
            omissions: omissions.sorted { $0.key < $1.key }.map(\.value), names: root.names)
    }

    /// Whether a file is part of an adapter, by its relative name: `adapter_config.json`,
    /// `adapter_model.safetensors`, and both in `checkpoint-<n>/`, where n has no sign and no leading zero.
    public static func isRelevant(_ relativeName: String) -> Bool {
        AdapterFileName.isRelevant(relativeName)
    }

    /// One set of parameters with the configuration that holds for it.
    private struct Part {
        let configuration: PEFTConfiguration
        let checkpoint: PEFTCheckpoint
        let names: PEFTNames
    }

    /// The adapter itself: the folder's own files, or the last checkpoint that can be read if there are no weights.
    ///
    /// - Parameters:
    ///   - files: the path of each file by its relative name.
    ///   - numbers: those of the checkpoints; the one that is the adapter and those that cannot be read are removed.
    ///   - omissions: receives those that cannot be read.
    private static func root(
        of files: [String: String], _ numbers: inout [Int], _ omissions: inout [Int: PEFTOmission]
    ) throws(SgloradError) -> Part {
        let hasWeights = files[weightsName] != nil || files[pickleName] != nil
        let last = hasWeights ? nil : numbers.last { files["checkpoint-\($0)/\(weightsName)"] != nil }
        guard last != nil else { return try part("", of: files, besides: nil) }
        var first: SgloradError?
        while let number = numbers.popLast() {
            do throws(SgloradError) {
                return try part("checkpoint-\(number)", of: files, besides: nil)
            } catch {
                first = first ?? error
                omissions[number] = PEFTOmission(name: "checkpoint-\(number)", reason: error.message)
            }
        }
        throw first ?? .invalidFile(weightsName, "is missing")
    }

    /// Reads the files of a folder.
    ///
    /// - Parameters:
    ///   - folder: `checkpoint-<n>`; empty for the adapter's own.
    ///   - files: the path of each file by its relative name.
    ///   - root: the configuration that the folder's own must agree with; nil if there is none.
    private static func part(
        _ folder: String, of files: [String: String], besides root: PEFTConfiguration?
    ) throws(SgloradError) -> Part {
        let name = folder.isEmpty ? configurationName : "\(folder)/\(configurationName)"
        let configuration: PEFTConfiguration
        if let path = files[name] {
            configuration = try PEFTConfiguration(path: path, displayName: name)
            if let root { try configuration.requireSameBase(as: root, displayName: name) }
        } else if let root {
            configuration = root
        } else if let path = files[configurationName] {
            configuration = try PEFTConfiguration(path: path, displayName: configurationName)
        } else {
            throw .invalidFile(name, "is missing; specify a folder written by PEFT's save_pretrained")
        }
        let file = try weights(folder, files: files)
        let factors = try PEFTWeights.factors(in: file, configuration: configuration)
        return Part(
            configuration: configuration, checkpoint: PEFTCheckpoint(name: folder, factors: factors),
            names: PEFTNames(of: file))
    }

    private static func weights(
        _ folder: String, files: [String: String]
    ) throws(SgloradError) -> SafetensorsFile {
        let start = folder.isEmpty ? "" : "\(folder)/"
        let name = start + weightsName
        guard let path = files[name] else {
            guard files[start + pickleName] == nil else {
                throw .unsupportedAdapter(
                    feature: "weights in a Python pickle (\(start)\(pickleName))",
                    remedy:
                        "Load it on a machine where you trust it, and save it again with safe_serialization=True."
                )
            }
            throw .invalidFile(
                name,
                "is missing; if the folder contains \(pickleName) instead, save the adapter again with "
                    + "safe_serialization=True")
        }
        return try SafetensorsFile(path: path, displayName: name)
    }
}

/// One set of an adapter's parameters: the final one, or one saved during training.
public struct PEFTCheckpoint: Sendable {
    /// The folder, `checkpoint-<n>`; empty for the folder's own.
    public let name: String
    /// The factors of each site, sorted by path.
    public let factors: [SiteFactors]

    /// Throws `invalidFile` for the first difference in sites, shapes, ranks or scales.
    func requireSameSites(as root: PEFTCheckpoint) throws(SgloradError) {
        let file = "\(name)/\(PEFTFolder.weightsName)"
        for (own, other) in zip(factors, root.factors) {
            let path = Quoted(own.site.path)
            guard own.site.path == other.site.path else {
                throw .invalidFile(
                    file, "has the site \(path) where the folder's own adapter has \(Quoted(other.site.path))"
                )
            }
            guard own.site == other.site else {
                throw .invalidFile(file, "has a different shape at \(path) from the folder's own adapter")
            }
            guard own.rank == other.rank else {
                throw .invalidFile(
                    file, "has rank \(own.rank) at \(path) but the folder's own adapter has \(other.rank)")
            }
            guard own.scale == other.scale else {
                throw .invalidFile(
                    file, "has scale \(own.scale) at \(path) but the folder's own adapter has \(other.scale)")
            }
        }
        guard factors.count == root.factors.count else {
            throw .invalidFile(
                file, "has \(factors.count) sites but the folder's own adapter has \(root.factors.count)")
        }
    }
}

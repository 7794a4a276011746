public import ErrorModel
public import LowRank

/// A LoRA adapter as PEFT saves it, with the checkpoints that the Hugging Face trainer leaves beside it.
///
/// The folder, and optionally folders `checkpoint-<n>` in it, hold `adapter_config.json` and
/// `adapter_model.safetensors`. A checkpoint without its own configuration uses the folder's. All must have
/// the same sites, ranks and scales. Source of the format: PEFT 0.21, `utils/save_and_load.py` and
/// `tuners/lora`.
public struct PEFTFolder: Sendable {
    /// The fields that adapters written for this one's library repeat.
    public let template: PEFTTemplate
    /// The folder's own adapter, named "", then the checkpoints by ascending number.
    public internal(set) var checkpoints: [PEFTCheckpoint]

    static let configurationName = "adapter_config.json"
    static let weightsName = "adapter_model.safetensors"
    static let pickleName = "adapter_model.bin"
    /// The prefix of a module's path in tensor names.
    static let prefix = "base_model.model."

    /// Reads an adapter from files.
    ///
    /// - Parameter files: the path of each file by its relative name, such as
    ///   `checkpoint-3/adapter_model.safetensors`. Nobody may truncate the files meanwhile. Names that are
    ///   not ``isRelevant(_:)`` are ignored.
    /// - Throws: `invalidFile` if a file is damaged, missing or inconsistent with the others;
    ///   `unsupportedAdapter` if the adapter is valid but uses a feature that is not supported.
    public static func read(files: [String: String]) throws(SgloradError) -> PEFTFolder {
        guard let configurationPath = files[configurationName] else {
            throw .invalidFile(
                configurationName, "is missing; specify a folder written by PEFT's save_pretrained")
        }
        let configuration = try PEFTConfiguration(path: configurationPath, displayName: configurationName)
        let root = try checkpoint("", files: files, configuration: configuration)
        var numbers: Set<Int> = []
        for name in files.keys {
            if let number = checkpointNumber(ofFile: name) { numbers.insert(number) }
        }
        var checkpoints = [root]
        for number in numbers.sorted() {
            let folder = "checkpoint-\(number)"
            var own = configuration
            let name = "\(folder)/\(configurationName)"
            if let path = files[name] {
                own = try PEFTConfiguration(path: path, displayName: name)
                try own.requireSameBase(as: configuration, displayName: name)
            }
            let checkpoint = try checkpoint(folder, files: files, configuration: own)
            try checkpoint.requireSameSites(as: root)
            checkpoints.append(checkpoint)
        }
        return PEFTFolder(template: configuration.template, checkpoints: checkpoints)
    }

    /// Whether a file is part of an adapter, by its relative name: `adapter_config.json`,
    /// `adapter_model.safetensors`, and both in `checkpoint-<n>/`, where n has no sign and no leading zero.
    public static func isRelevant(_ relativeName: String) -> Bool {
        relativeName == configurationName || relativeName == weightsName
            || checkpointNumber(ofFile: relativeName) != nil
    }

    /// The number n of a relevant file in `checkpoint-<n>/`.
    private static func checkpointNumber(ofFile relativeName: String) -> Int? {
        let parts = relativeName.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let folder = String(parts[0]), let file = String(parts[1]) else { return nil }
        guard file == configurationName || file == weightsName else { return nil }
        return checkpointNumber(ofFolder: folder)
    }

    /// The number n of a folder `checkpoint-<n>`.
    static func checkpointNumber(ofFolder name: String) -> Int? {
        let start = "checkpoint-"
        guard name.utf8.starts(with: start.utf8), let number = Int(name.dropFirst(start.count)),
            name == "\(start)\(number)", number >= 0
        else { return nil }
        return number
    }

    private static func checkpoint(
        _ folder: String, files: [String: String], configuration: PEFTConfiguration
    ) throws(SgloradError) -> PEFTCheckpoint {
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
        let file = try SafetensorsFile(path: path, displayName: name)
        return try PEFTCheckpoint(
            name: folder, factors: PEFTWeights.factors(in: file, configuration: configuration))
    }
}

/// One set of an adapter's parameters: the final one, or one saved during training.
public struct PEFTCheckpoint: Sendable {
    /// The folder, `checkpoint-<n>`; empty for the final parameters.
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

/// The names of the files of an adapter's folder, as PEFT and the Hugging Face trainer write them.
///
/// The one definition of what belongs to an adapter and what a checkpoint is: the command line looks for these
/// files, and the daemon accepts no others.
public enum AdapterFileName {
    /// The configuration of an adapter or a checkpoint.
    public static let configuration = "adapter_config.json"
    /// The factors of an adapter or a checkpoint.
    public static let weights = "adapter_model.safetensors"
    /// Weights in a form that is not read, because loading it can run code.
    public static let pickle = "adapter_model.bin"

    /// Whether a file is part of an adapter, by its relative name: the configuration, the weights, and both in
    /// `checkpoint-<n>/`.
    public static func isRelevant(_ relativeName: String) -> Bool {
        relativeName == configuration || relativeName == weights
            || checkpointNumber(ofFile: relativeName) != nil
    }

    /// The number n of a configuration or of weights in `checkpoint-<n>/`.
    public static func checkpointNumber(ofFile relativeName: String) -> Int? {
        let parts = relativeName.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let folder = String(parts[0]), let file = String(parts[1]) else { return nil }
        guard file == configuration || file == weights else { return nil }
        return checkpointNumber(ofFolder: folder)
    }

    /// The number n of a folder `checkpoint-<n>`, which has neither a sign nor leading zeros and fits an `Int`.
    public static func checkpointNumber(ofFolder name: String) -> Int? {
        let start = "checkpoint-"
        guard name.utf8.starts(with: start.utf8), let number = Int(name.dropFirst(start.count)),
            name == "\(start)\(number)", number >= 0
        else { return nil }
        return number
    }

    /// Whether a folder's name suggests that somebody takes it for a checkpoint, although it is none.
    public static func resemblesCheckpoint(_ name: String) -> Bool {
        checkpointNumber(ofFolder: name) == nil && name.lowercased().contains("checkpoint")
    }
}

/// How an adapter's own tensors are named, for messages about an adapter that does not fit.
public struct PEFTNames: Sendable, Hashable {
    /// How many tensors the file has.
    public let count: Int
    /// The name of its first tensor.
    public let example: String
    /// The components of the names that belong to a training tool and not to the model, such as `_orig_mod`; the sites'
    /// paths are without them.
    public let wrappers: [String]

    init(of file: SafetensorsFile) {
        count = file.tensors.count
        example = file.tensors.first?.name ?? ""
        wrappers = ModuleWrappers.all(in: file.tensors.lazy.map(\.name))
    }
}

/// A checkpoint that was left out of an adapter, and why.
public struct PEFTOmission: Sendable, Hashable {
    /// The folder's name.
    public let name: String
    /// What is wrong with it.
    public let reason: String

    public init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}

/// What the `adapter_config.json` of an adapter written for a library must repeat from its first expert's.
public struct PEFTTemplate: Codable, Sendable, Hashable {
    /// The base model's name or path, `base_model_name_or_path`.
    public var baseModelName: String?
    /// The task's type, such as `FEATURE_EXTRACTION`.
    public var taskType: String?
    /// The names of the adapted modules, sorted, where they alone say which modules are adapted; nil where the source gave a
    /// regular expression, or narrowed its list down to some layers.
    public var targetModules: [String]?
    /// Whether the base model stores its weights transposed, with the inputs first.
    ///
    /// The shapes of A and B do not depend on it.
    public var fanInFanOut: Bool

    /// Makes a template.
    public init(
        baseModelName: String? = nil, taskType: String? = nil, targetModules: [String]? = nil,
        fanInFanOut: Bool = false
    ) {
        self.baseModelName = baseModelName
        self.taskType = taskType
        self.targetModules = targetModules
        self.fanInFanOut = fanInFanOut
    }
}

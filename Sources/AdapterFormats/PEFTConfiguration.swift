internal import ErrorModel
internal import StrictJSON

/// What an `adapter_config.json` says about the factors beside it.
struct PEFTConfiguration: Sendable {
    let template: PEFTTemplate
    private let rank: Int
    private let alpha: Double
    private let isRankStabilized: Bool
    private let ranks: PEFTPatterns<Int>
    private let alphas: PEFTPatterns<Double>
    private let displayName: String

    /// The longest file that is read, in bytes.
    static let maximumLength = 4 << 20
    /// The ranks that are read.
    static let rankRange = 1...4096

    /// Reads a configuration; only `peft_type` must be there, the rest has PEFT's defaults.
    ///
    /// - Throws: `invalidFile` if a value is not what it must be; `unsupportedAdapter` for what cannot be merged.
    init(path: String, displayName: String) throws(SgloradError) {
        let mapping = try FileMapping(path: path, displayName: displayName)
        guard mapping.bytes.count <= Self.maximumLength else {
            throw .invalidFile(
                displayName, "is \(mapping.bytes.count) bytes long; at most \(Self.maximumLength) are read")
        }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: mapping.bytes)
        } catch {
            throw .invalidFile(displayName, "is not valid JSON: \(error)")
        }
        guard let members = document.object else {
            throw .invalidFile(displayName, "holds \(document.kind); it must be an object")
        }
        let fields = Fields(
            values: Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first },
            displayName: displayName)
        let type = try fields.string("peft_type")
        guard let type else {
            throw .invalidFile(displayName, "has no peft_type; it is not the configuration of a PEFT adapter")
        }
        guard type == "LORA" else {
            throw .unsupportedAdapter(
                feature: "the PEFT type \(Quoted(type))", remedy: "Train it with LoRA (LoraConfig).")
        }
        try PEFTFeatures.refuseUnsupported(fields)
        self.displayName = displayName
        rank = try fields.whole("r", default: 8, in: Self.rankRange)
        alpha = try fields.nonzero("lora_alpha", default: 8)
        isRankStabilized = try fields.bool("use_rslora")
        ranks = try PEFTPatterns(fields, "rank_pattern") {
            $0.integer.flatMap { Self.rankRange.contains($0) ? $0 : nil }
        }
        alphas = try PEFTPatterns(fields, "alpha_pattern") {
            $0.double.flatMap { $0.isFinite && $0 != 0 ? $0 : nil }
        }
        template = PEFTTemplate(
            baseModelName: try fields.string("base_model_name_or_path"),
            taskType: try fields.string("task_type"),
            targetModules: try fields.targetModules(), fanInFanOut: try fields.bool("fan_in_fan_out"))
    }

    /// The rank of a site's factors.
    func rank(at path: String) -> Int { ranks.first(matching: path) ?? rank }

    /// What B·A is multiplied by at a site: alpha/r, or alpha/√r under rsLoRA.
    ///
    /// - Throws: `invalidFile` if it is not finite, or 0, in single precision.
    func scale(at path: String) throws(SgloradError) -> Float {
        let alpha = alphas.first(matching: path) ?? alpha
        let rank = Double(rank(at: path))
        let scale = Float(alpha / (isRankStabilized ? rank.squareRoot() : rank))
        guard scale.isFinite, scale != 0 else {
            throw .invalidFile(displayName, "gives the site \(Quoted(path)) the scale \(scale) by its alpha")
        }
        return scale
    }

    /// A checkpoint's own configuration must be of the same base; what it says of ranks and scales is compared site by site.
    func requireSameBase(as root: PEFTConfiguration, displayName: String) throws(SgloradError) {
        let name = template.baseModelName
        if let name, let other = root.template.baseModelName, name != other {
            throw .invalidFile(
                displayName, "is for the base model \(Quoted(name)), the folder's own is for \(Quoted(other))"
            )
        }
        guard template.fanInFanOut == root.template.fanInFanOut else {
            throw .invalidFile(displayName, "has another fan_in_fan_out than the folder's own")
        }
    }
}

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

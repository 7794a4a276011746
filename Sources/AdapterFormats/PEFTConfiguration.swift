internal import AdapterFiles
internal import ErrorModel
internal import StrictJSON

/// The contents of an `adapter_config.json` that matter for the factors beside it.
///
/// Source of the fields and their defaults: PEFT 0.21, `LoraConfig` in `tuners/lora/config.py`.
struct PEFTConfiguration: Sendable {
    let template: PEFTTemplate
    private let rank: Int
    private let alpha: Double
    private let isRankStabilized: Bool
    private let ranks: PEFTPatterns<Int>
    private let alphas: PEFTPatterns<Double>
    private let displayName: String

    /// The largest file that is read, in bytes.
    static let maximumLength = 4 << 20
    /// The supported ranks.
    static let rankRange = 1...4096

    /// Reads a configuration.
    ///
    /// Only `peft_type` is required; everything else has PEFT's defaults.
    ///
    /// - Throws: `invalidFile` if a value is invalid; `unsupportedAdapter` for a feature that is not
    ///   supported.
    init(path: String, displayName: String) throws(SgloradError) {
        let mapping = try FileMapping(path: path, displayName: displayName)
        defer { withExtendedLifetime(mapping) {} }
        guard mapping.bytes.count <= Self.maximumLength else {
            throw .invalidFile(
                displayName, "is \(mapping.bytes.count) bytes long; at most \(Self.maximumLength) are read")
        }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: mapping.bytes)
        } catch {
            if let mistaken = MistakenContent(mapping.bytes, insteadOf: .json) {
                throw .invalidFile(displayName, mistaken.reason)
            }
            throw .invalidFile(displayName, "is not valid JSON: \(error)")
        }
        guard let members = document.object else {
            throw .invalidFile(displayName, "contains \(document.kind); it must contain an object")
        }
        let fields = Fields(
            values: Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first },
            displayName: displayName)
        let type = try fields.string("peft_type")
        guard let type else {
            throw .invalidFile(
                displayName, "has no peft_type, so it is not the configuration of a PEFT adapter")
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

    func rank(at path: String) -> Int { ranks.first(matching: path) ?? rank }

    /// The factor of B·A in ΔW at a site: alpha/r, or alpha/√r with rsLoRA.
    ///
    /// - Throws: `invalidFile` if it is infinite or 0 in single precision.
    func scale(at path: String) throws(SgloradError) -> Float {
        let alpha = alphas.first(matching: path) ?? alpha
        let rank = Double(rank(at: path))
        let scale = Float(alpha / (isRankStabilized ? rank.squareRoot() : rank))
        guard scale.isFinite, scale != 0 else {
            throw .invalidFile(
                displayName,
                "results in the scale \(scale) at the site \(Quoted(path)); check lora_alpha and alpha_pattern"
            )
        }
        return scale
    }

    /// Checks that a checkpoint's own configuration is for the same base model; ranks and scales are compared
    /// site by site.
    func requireSameBase(as root: PEFTConfiguration, displayName: String) throws(SgloradError) {
        let name = template.baseModelName
        if let name, let other = root.template.baseModelName, name != other {
            throw .invalidFile(
                displayName,
                "is for the base model \(Quoted(name)), but the folder's own is for \(Quoted(other))"
            )
        }
        guard template.fanInFanOut == root.template.fanInFanOut else {
            throw .invalidFile(displayName, "has a different fan_in_fan_out from the folder's own")
        }
    }
}

/// The fields of a library's first expert that the `adapter_config.json` of every adapter written for it
/// repeats.
public struct PEFTTemplate: Codable, Sendable, Hashable {
    /// `base_model_name_or_path`.
    public var baseModelName: String?
    /// `task_type`, such as `FEATURE_EXTRACTION`.
    public var taskType: String?
    /// The names in `target_modules`, sorted; nil if the source had a regular expression, or limited the list
    /// to some layers.
    public var targetModules: [String]?
    /// `fan_in_fan_out`: whether the base model stores its weights transposed, inputs first.
    ///
    /// The shapes of A and B do not depend on it.
    public var fanInFanOut: Bool

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

public import Generation

/// The methods that an evaluation compares; raw values are their names in the report.
public enum StandardMethod: String, Sendable, Hashable, Codable, CaseIterable {
    /// The base model without an adapter.
    case base
    /// The mean of all experts.
    case mean
    /// The nearest expert's mean.
    case nearest
    /// The mean of the four nearest experts, equally weighted.
    case equal
    /// μ* as in the paper: K = 4, τ = 0.05, plain proximity.
    case weighted
    /// μ* with the generator's own K, τ and proximity.
    case weightedTuned = "weighted-tuned"
    /// The weighted sum of the ΔW of the experts of `weighted`, truncated to the library's rank by SVD.
    case sum
    /// SG-LoRA at the mean of the prior p(z|c).
    case sgLoRAMean = "sg-lora-mean"
    /// SG-LoRA with one draw of z, as for a request.
    case sgLoRA = "sg-lora"
    /// SG-LoRA with the densest of eight draws.
    case sgLoRADensest = "sg-lora-densest"
    /// Ablation: a generator trained with the same plan without a latent.
    case deterministic
    /// Control: SG-LoRA guided by a meaningless description.
    case sgLoRANonsense = "sg-lora-nonsense"
    /// One adapter trained on all tasks.
    case multiTask = "multi-task"
    /// MetaLoRA: shared cores with seeds made of the description.
    case metaLoRA = "metalora"
    /// Control: MetaLoRA's cores with static seeds, their mean over the tasks.
    case metaLoRAStatic = "metalora-static"
    /// LoRA-Gen: two experts of a pool in each layer, by the description.
    case loRAGen = "lora-gen"
    /// Control: LoRA-Gen's pool with constant gates, their mean over the tasks.
    case loRAGenConstant = "lora-gen-constant"
    /// ICM-LoRA with one draw of z; by examples alone, so in the curve of examples and in the closed world.
    case icmLoRA = "icm-lora"
    /// ICM-LoRA at z = 0, in the closed world.
    case icmLoRAMean = "icm-lora-mean"
    /// Ablation: ICM-LoRA trained with each expert given another's examples.
    case icmLoRAShuffled = "icm-lora-shuffled"
    /// Ablation: ICM-LoRA trained with the same plan without a latent.
    case icmLoRANoLatent = "icm-lora-no-latent"
    /// The default strategy; a refusal counts as the base model.
    case auto
    /// The task's own expert: an upper bound.
    case oracle

    /// The description of `sg-lora-nonsense`.
    public static let nonsense = "blorf quintle vesh ampra dorn 7731 skelf wub ortanix plee"

    /// Whether the method needs a trained generator.
    public var needsGenerator: Bool {
        switch self {
        case .sgLoRAMean, .sgLoRA, .sgLoRADensest, .sgLoRANonsense: true
        default: false
        }
    }

    /// Whether the method makes nothing of a description without examples of the task.
    public var needsExamples: Bool {
        switch self {
        case .icmLoRA, .icmLoRAMean, .icmLoRAShuffled, .icmLoRANoLatent: true
        default: false
        }
    }

    /// The system that is trained by the tasks' loss whose adapters the method judges, and whether it judges its control
    /// instead; nil for other methods.
    var taskTrained: (system: GeneratorSystem, isControl: Bool)? {
        switch self {
        case .multiTask: (.multiTask, false)
        case .metaLoRA: (.metaLoRA, false)
        case .metaLoRAStatic: (.metaLoRA, true)
        case .loRAGen: (.loRAGen, false)
        case .loRAGenConstant: (.loRAGen, true)
        default: nil
        }
    }

    /// The methods of the systems that are trained by the tasks' loss, and their controls.
    public static var taskTrained: [StandardMethod] { allCases.filter { $0.taskTrained != nil } }

    /// The method that judges a system's adapters as a request gets them.
    public init(_ system: GeneratorSystem) {
        switch system {
        case .sgLoRA: self = .sgLoRA
        case .multiTask: self = .multiTask
        case .metaLoRA: self = .metaLoRA
        case .loRAGen: self = .loRAGen
        case .icmLoRA: self = .icmLoRA
        }
    }
}

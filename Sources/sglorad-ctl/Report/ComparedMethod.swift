/// The methods that an evaluation compares, by the names that the daemon uses in its reports.
///
/// A report may hold other names, from a daemon of another release; the page then shows them without a summary.
enum ComparedMethod: String, Sendable, CaseIterable {
    case base
    case mean
    case nearest
    case equal
    case weighted
    case weightedTuned = "weighted-tuned"
    case sum
    case sgLoRAMean = "sg-lora-mean"
    case sgLoRA = "sg-lora"
    case sgLoRADensest = "sg-lora-densest"
    case deterministic
    case sgLoRANonsense = "sg-lora-nonsense"
    case multiTask = "multi-task"
    case metaLoRA = "metalora"
    case metaLoRAStatic = "metalora-static"
    case loRAGen = "lora-gen"
    case loRAGenConstant = "lora-gen-constant"
    case icmLoRA = "icm-lora"
    case icmLoRAMean = "icm-lora-mean"
    case icmLoRAShuffled = "icm-lora-shuffled"
    case icmLoRANoLatent = "icm-lora-no-latent"
    case auto
    case oracle

    /// One line for the page's glossary.
    var summary: String {
        switch self {
        case .base: "the base model without an adapter"
        case .mean: "mean of all experts"
        case .nearest: "mean of the nearest expert's checkpoints"
        case .equal: "mean of the 4 nearest experts"
        case .weighted: "softmax-weighted mean of the nearest experts (K = 4, τ = 0.05, plain proximity)"
        case .weightedTuned: "weighted mean with the generator's own K, τ and proximity"
        case .sum: "exact sum of the weighted experts' ΔW, recompressed by SVD"
        case .sgLoRAMean: "SG-LoRA at the mean of its prior"
        case .sgLoRA: "SG-LoRA, one sample"
        case .sgLoRADensest: "SG-LoRA, densest of 8 samples"
        case .deterministic: "the same network trained without a latent"
        case .sgLoRANonsense: "SG-LoRA guided by a meaningless description"
        case .multiTask: "one adapter trained on all tasks, whatever the description"
        case .metaLoRA: "MetaLoRA: shared cores with seeds made of the description"
        case .metaLoRAStatic: "the same cores with static seeds"
        case .loRAGen: "LoRA-Gen: two experts of a pool in each layer, by the description"
        case .loRAGenConstant: "the same pool with constant gates"
        case .icmLoRA: "ICM-LoRA: decoded from examples of the task, one draw"
        case .icmLoRAMean: "ICM-LoRA at z = 0"
        case .icmLoRAShuffled: "ICM-LoRA trained with another expert's examples"
        case .icmLoRANoLatent: "ICM-LoRA trained without a latent"
        case .auto: "the default strategy; refusals count as base"
        case .oracle: "the task's own expert"
        }
    }

    /// The CSS class that colours a method by its kind: SG-LoRA, merging, control, or reference and unknown ones.
    static func colour(of name: String) -> String {
        switch ComparedMethod(rawValue: name) {
        case .sgLoRA, .sgLoRAMean, .sgLoRADensest, .auto: "c0"
        case .mean, .nearest, .equal, .weighted, .weightedTuned, .sum: "c3"
        case .deterministic, .sgLoRANonsense, .metaLoRAStatic, .loRAGenConstant, .icmLoRAShuffled,
            .icmLoRANoLatent:
            "c1"
        case .multiTask, .metaLoRA, .loRAGen, .icmLoRA, .icmLoRAMean: "c2"
        case .base, .oracle, nil: "c5"
        }
    }
}

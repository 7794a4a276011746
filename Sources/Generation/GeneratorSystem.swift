/// The ways in which a generator can be built and trained; raw values are the names in the protocol, and those of the
/// strategies that use them.
public enum GeneratorSystem: String, Sendable, Hashable, Codable, CaseIterable {
    /// The conditional VAE around the semantic prior: ``SemanticGuidedGenerator``.
    case sgLoRA = "sg-lora"
    /// One adapter learned from all tasks, whatever the intent: `MultiTaskSystem`.
    case multiTask = "multi-task"
    /// Shared cores of a tensor, and a seed for each site that a net makes of the description: `MetaLoRASystem`.
    case metaLoRA = "metalora"
    /// A pool of experts, of which a router mixes two in each layer by the description: `RoutedSystem`.
    case loRAGen = "lora-gen"
    /// A conditional VAE whose condition is the task vector of a request's examples: ``ICMLoRAGenerator``.
    case icmLoRA = "icm-lora"

    /// The strategy that generates with it.
    public var strategy: AdapterStrategy {
        switch self {
        case .sgLoRA: .sgLoRA
        case .multiTask: .multiTask
        case .metaLoRA: .metaLoRA
        case .loRAGen: .loRAGen
        case .icmLoRA: .icmLoRA
        }
    }

    /// Whether it learns from the loss on the experts' tasks alone, so that it cannot be trained without tasks, nor for a base
    /// model that only another program runs.
    public var isTaskTrained: Bool {
        switch self {
        case .sgLoRA, .icmLoRA: false
        case .multiTask, .metaLoRA, .loRAGen: true
        }
    }

    /// Whether it is neither trained nor used without examples of the tasks.
    public var needsExamples: Bool { strategy.needsExamples }

    /// The systems that learn from the tasks' loss.
    public static var taskTrained: [GeneratorSystem] { allCases.filter(\.isTaskTrained) }
}

extension AdapterStrategy {
    /// The system whose generator the strategy needs; nil for merging and `auto`.
    public var system: GeneratorSystem? { GeneratorSystem(rawValue: rawValue) }
}

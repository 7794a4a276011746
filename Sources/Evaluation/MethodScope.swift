public import ErrorModel
public import Generation
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

/// A generator with the library that it was trained on.
public struct GuidedGenerator: Sendable {
    public let generator: SemanticGuidedGenerator
    /// Exactly the experts that the generator was trained on.
    public let library: Library

    /// Binds a generator to its library.
    public init(generator: SemanticGuidedGenerator, library: Library) {
        self.generator = generator
        self.library = library
    }
}

/// A generator that was trained by the tasks' loss, with the library that it was trained on.
public struct GuidedSystem: Sendable {
    public let generator: TaskTrainedGenerator
    /// Exactly the experts that the generator was trained on.
    public let library: Library

    /// Binds a generator to its library.
    public init(generator: TaskTrainedGenerator, library: Library) {
        self.generator = generator
        self.library = library
    }
}

/// The input of the default strategy's decision.
public struct AutoCase: Sendable {
    /// The unit embedding of the task's description.
    public let embedding: [Float]
    /// The experts that may guide.
    public let library: Library
    /// The records of the generators, at most one of each system.
    public let records: [GeneratorRecord]
    /// Whether the request brings examples of the task.
    public var hasExamples = false
}

/// The default strategy: the method that a request without a strategy gets, `base` if it would be refused.
public typealias AutoChoice = @Sendable (AutoCase) throws(SgloradError) -> StandardMethod

/// The adapter with which a task's texts are encoded.
enum MethodAdapter: Sendable {
    /// The base model without an adapter.
    case base
    /// Parameters that are made on demand. Equal ids mean equal parameters, which encode only once.
    case parameters(id: String, make: @Sendable () throws(SgloradError) -> [Float])

    var id: String {
        switch self {
        case .base: ""
        case .parameters(let id, _): id
        }
    }
}

/// What the standard methods make adapters from: the whole library, or the library without a fold.
struct MethodScope: Sendable {
    /// Distinguishes the adapters of different scopes.
    let id: String
    /// The experts that may guide.
    let library: Library
    /// All experts, including those of the tasks themselves, for the oracle.
    let oracles: Library
    /// The generator trained on ``library``.
    let generator: GuidedGenerator?
    /// The generator without a latent trained on ``library``.
    let deterministic: GuidedGenerator?
    /// The generators trained by the tasks' loss on ``library``.
    let systems: [GeneratorSystem: GuidedSystem]
    /// The generators of icm-lora trained on ``library``.
    let examples: [ExampleSystem.Variant: GuidedExampleGenerator]
    /// The task vectors of the tasks' examples in the closed world, by the tasks' names; nil elsewhere.
    let closed: [String: TaskVector]?
    /// The records that the default strategy goes by.
    let records: [GeneratorRecord]
    /// Encodes a description, for systems that read its tokens.
    let states: StateEncoding
    /// The seed of all samples.
    let seed: UInt64
    /// The unit embedding of ``StandardMethod/nonsense``.
    let nonsense: [Float]
    /// The default strategy.
    let auto: AutoChoice

    /// The adapter that a method makes for a task.
    ///
    /// - Parameter embedding: the unit embedding of the task's description.
    /// - Returns: nil if the method has no adapter for the task.
    func adapter(
        _ method: StandardMethod, _ task: EvaluationTask, _ embedding: [Float]
    ) throws(SgloradError) -> MethodAdapter? {
        switch method {
        case .base: return .base
        case .oracle: return oracles.experts.first { $0.name == task.name }.map(expert)
        case .nearest:
            let nearest = neighbourhood(embedding, .paper).members.first
            return nearest.map { expert(library.experts[$0.expert]) }
        case .mean:
            return own(method, nil) { [library] () throws(SgloradError) in try library.mean() }
        case .equal: return weighted(method, task, neighbourhood(embedding, .paper).equallyWeighted)
        case .weighted: return weighted(method, task, neighbourhood(embedding, .paper))
        case .weightedTuned: return weighted(method, task, neighbourhood(embedding, tuned))
        case .sum:
            let neighbourhood = neighbourhood(embedding, .paper)
            return own(method, task) { [library] () throws(SgloradError) in
                try library.exactSum(neighbourhood)
            }
        case .sgLoRAMean: return generated(method, task, by: generator, embedding, .mean)
        case .sgLoRA: return generated(method, task, by: generator, embedding, .sample)
        case .sgLoRADensest: return generated(method, task, by: generator, embedding, .densest(of: 8))
        case .deterministic: return generated(method, task, by: deterministic, embedding, .mean)
        case .sgLoRANonsense: return generated(method, nil, by: generator, nonsense, .sample)
        case .auto:
            let choice = try auto(AutoCase(embedding: embedding, library: library, records: records))
            return choice == .auto ? .base : try adapter(choice, task, embedding)
        case .multiTask, .metaLoRA, .metaLoRAStatic, .loRAGen, .loRAGenConstant:
            return try learned(method, task, embedding)
        case .icmLoRA, .icmLoRAMean, .icmLoRAShuffled, .icmLoRANoLatent:
            return closed?[task.name].flatMap { decoded(method, task, $0) }
        }
    }

    /// The adapter of a system that was trained by the tasks' loss, or of its control.
    private func learned(
        _ method: StandardMethod, _ task: EvaluationTask, _ embedding: [Float]
    ) throws(SgloradError) -> MethodAdapter? {
        guard let (system, isControl) = method.taskTrained, let guided = systems[system] else { return nil }
        let generator = guided.generator
        guard !isControl, generator.dependsOnTask else {
            return own(method, nil) { () throws(SgloradError) in generator.control }
        }
        let relevance = generator.neighbourhood(of: embedding, in: guided.library).relevance
        let condition = try TaskCondition(
            embedding: embedding, states: generator.readsStates ? states(task.description) : nil)
        return own(method, task) { () throws(SgloradError) in
            generator.adapter(for: condition, relevance: relevance)
        }
    }

    /// The adapter that icm-lora decodes in the closed world from examples of a task.
    private func decoded(
        _ method: StandardMethod, _ task: EvaluationTask, _ vector: TaskVector
    ) -> MethodAdapter? {
        guard let guided = method.exampleVariant.flatMap({ examples[$0] }) else { return nil }
        let seed = seed(of: task)
        return own(method, task) { () throws(SgloradError) in
            guided.generator.decoded(vector, seed: seed, sampling: method == .icmLoRAMean ? .mean : .sample)
        }
    }

    /// The parameters of a request for a task with examples, by icm-lora.
    ///
    /// - Parameters:
    ///   - variant: how the generator was trained.
    ///   - task: the task.
    ///   - embedding: the unit embedding of its description, by which its relevance is judged.
    ///   - vector: the examples' task vector.
    /// - Returns: nil if no such generator was trained.
    func parameters(
        _ variant: ExampleSystem.Variant, _ task: EvaluationTask, _ embedding: [Float], _ vector: TaskVector
    ) throws(SgloradError) -> [Float]? {
        guard let guided = examples[variant] else { return nil }
        let guides = guided.generator.neighbourhood(
            of: vector, describedBy: embedding, in: guided.library)
        return try guided.generator.parameters(
            for: vector, guidedBy: guides, in: guided.library, seed: seed(of: task), sampling: .sample)
    }

    /// The guidance that the generator was trained with.
    private var tuned: GuidanceOptions { generator?.generator.record.plan.guidance ?? .standard }

    /// A seed per task, so that the tasks do not share one draw of z.
    private func seed(of task: EvaluationTask) -> UInt64 { seed ^ StableHash.of(task.name) }

    private func neighbourhood(_ embedding: [Float], _ options: GuidanceOptions) -> Neighbourhood {
        library.index.neighbourhood(of: embedding, options: options)
    }

    /// An adapter of this scope; with a nil task it is shared by all tasks.
    private func own(
        _ method: StandardMethod, _ task: EvaluationTask?,
        _ make: @escaping @Sendable () throws(SgloradError) -> [Float]
    ) -> MethodAdapter {
        .parameters(id: "\(id)/\(method.rawValue)/\(task?.name ?? "")", make: make)
    }

    /// An expert's mean, which is the same adapter in every scope.
    private func expert(_ expert: LibraryExpert) -> MethodAdapter {
        .parameters(id: "expert/\(expert.digest)") { () throws(SgloradError) in expert.mean.array }
    }

    private func weighted(
        _ method: StandardMethod, _ task: EvaluationTask, _ neighbourhood: Neighbourhood
    ) -> MethodAdapter {
        own(method, task) { [library] () throws(SgloradError) in
            try library.merged(neighbourhood)
        }
    }

    private func generated(
        _ method: StandardMethod, _ task: EvaluationTask?, by guided: GuidedGenerator?, _ embedding: [Float],
        _ sampling: SemanticGuidedGenerator.Sampling
    ) -> MethodAdapter? {
        guard let guided else { return nil }
        let neighbourhood = guided.generator.neighbourhood(of: embedding, in: guided.library)
        let seed = task.map(seed(of:)) ?? seed
        return own(method, task) { () throws(SgloradError) in
            try guided.generator.parameters(
                guidedBy: neighbourhood, in: guided.library, seed: seed, sampling: sampling)
        }
    }
}

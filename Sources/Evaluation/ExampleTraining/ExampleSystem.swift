internal import ErrorModel
public import Generation
public import TextEncoding

/// A generator of `icm-lora`, with the library that it was trained on.
public struct GuidedExampleGenerator: Sendable {
    public let generator: ICMLoRAGenerator
    /// Exactly the experts that the generator was trained on.
    public let library: Library

    /// Binds a generator to its library.
    public init(generator: ICMLoRAGenerator, library: Library) {
        self.generator = generator
        self.library = library
    }
}

/// A generator of `icm-lora` under evaluation, with how its like are trained: on folds, and as ablations.
public struct ExampleSystem: Sendable {
    /// How a training differs from that of the generator under evaluation.
    enum Variant: Sendable, Hashable, CaseIterable {
        case own
        /// Each expert is given another's examples.
        case shuffled
        /// z is always 0.
        case withoutLatent
    }

    let guided: GuidedExampleGenerator
    private let base: String
    private let digest: String
    private let encoder: SentenceEncoder
    private let texts: [String: ExpertTexts]

    /// Describes a system; no text is encoded yet.
    ///
    /// - Parameters:
    ///   - guided: the generator with its library.
    ///   - experts: the names of all experts that may be trained on.
    ///   - tasks: the experts' own tasks; others are ignored.
    ///   - training: texts to train with. Of an expert without, the answered examples of its task count, or else its queries.
    ///   - base: the base model's name.
    ///   - encoder: the text encoder.
    public init(
        _ guided: GuidedExampleGenerator, experts: [String], tasks: [EvaluationTask],
        training: [AnsweredTexts], base: String, encoder: SentenceEncoder
    ) {
        self.guided = guided
        self.base = base
        self.encoder = encoder
        digest = guided.generator.record.encoder
        texts = ExpertTexts.all(of: experts, tasks, training)
    }

    /// The experts of a library without texts, for which nothing can be trained on it.
    func missing(in library: Library) -> [String] {
        library.experts.map(\.name).filter { texts[$0] == nil }
    }

    /// Whether a library leaves enough to train on.
    func canTrain(_ library: Library) -> Bool {
        library.experts.count >= 2 && missing(in: library).isEmpty
    }

    /// The number of steps of one training on a library, for the progress.
    func steps(on library: Library) -> Int {
        ICMLoRATrainer.steps(guided.generator.record.plan, experts: library.experts.count)
    }

    /// The embeddings of the texts that some experts are trained with, by the experts' names.
    func encoded(_ names: Set<String>, threads: Int) throws(SgloradError) -> [String: ExpertExamples] {
        try encoder.examples(
            of: texts.filter { names.contains($0.key) }.mapValues(\.trained), threads: threads)
    }

    /// Trains a generator like the one under evaluation on a library.
    ///
    /// - Parameters:
    ///   - library: the experts.
    ///   - variant: how it differs.
    ///   - examples: of each expert.
    ///   - step: called after every step.
    func train(
        _ library: Library, _ variant: Variant, _ examples: [String: ExpertExamples], step: () -> Void
    ) throws(SgloradError) -> GuidedExampleGenerator {
        var plan = guided.generator.record.plan
        switch variant {
        case .own: break
        case .shuffled: plan.icm?.shuffled = true
        case .withoutLatent: plan.deterministic = true
        }
        let generator = try ICMLoRATrainer(
            library: library, plan: plan, base: base, encoder: digest, examples: examples, digest: ""
        ).train { _ in step() }
        return GuidedExampleGenerator(generator: generator, library: library)
    }

    /// The examples of an expert's task with which it is judged in the closed world; nil without enough texts beside the
    /// task's queries.
    func closed(_ name: String) -> [AnsweredTexts.Pair]? {
        guard guided.library.experts.contains(where: { $0.name == name }), let own = texts[name],
            !own.areQueries, own.given.count >= AnsweredExamples.fewest
        else { return nil }
        return own.given
    }
}

extension StandardMethod {
    /// What the method needs to have been trained of `icm-lora`; nil for other methods.
    var exampleVariant: ExampleSystem.Variant? {
        switch self {
        case .icmLoRA, .icmLoRAMean: .own
        case .icmLoRAShuffled: .shuffled
        case .icmLoRANoLatent: .withoutLatent
        default: nil
        }
    }

    /// The methods that are judged in the closed world, where the experts of the tasks are in the library.
    static let closedWorld: Set<StandardMethod> = [
        .base, .nearest, .icmLoRA, .icmLoRAMean, .icmLoRAShuffled, .icmLoRANoLatent, .oracle,
    ]
}

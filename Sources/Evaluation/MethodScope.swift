public import ErrorModel
public import Generation

/// A generator with the library that it was trained on.
public struct GuidedGenerator: Sendable {
    /// The generator.
    public let generator: SemanticGuidedGenerator
    /// Its own library, no more and no fewer experts.
    public let library: Library

    /// Binds a generator to its library.
    public init(generator: SemanticGuidedGenerator, library: Library) {
        self.generator = generator
        self.library = library
    }
}

/// What the default strategy decides by.
public struct AutoCase: Sendable {
    /// The unit embedding of the task's description.
    public let embedding: [Float]
    /// The experts that may guide.
    public let library: Library
    /// The generator, if there is one.
    public let generator: GuidedGenerator?
}

/// What the default strategy takes: the method that it comes to, `base` where it refuses.
public typealias AutoChoice = @Sendable (AutoCase) throws(SgloradError) -> StandardMethod

/// What the standard methods of one group of tasks are made from: the whole library, or what a fold leaves of it.
public struct MethodScope: Sendable {
    /// Tells the adapters of different scopes apart.
    let id: String
    /// The experts that may guide.
    let library: Library
    /// All experts, the tasks' own included: the oracles.
    let oracles: Library
    /// The generator that was trained on what may guide.
    let generator: GuidedGenerator?
    /// The generator without a latent, likewise.
    let deterministic: GuidedGenerator?
    /// What samples are drawn from.
    let seed: UInt64
    /// The unit embedding of ``StandardMethod/nonsense``.
    let nonsense: [Float]
    /// The default strategy.
    let auto: AutoChoice

    /// A seed of a task's own, so that not all tasks share one draw of z.
    func seed(of task: EvaluationTask) -> UInt64 { seed ^ StableHash.of(task.name) }
}

public import ErrorModel

/// The scope, seed and resources of an evaluation.
public struct EvaluationOptions: Sendable, Hashable, Codable {
    /// Whether tasks that no expert was trained on are judged.
    public var heldOut = true
    /// Whether the experts' own tasks are judged, with each expert's fold left out.
    public var leaveOut = true
    /// Whether `icm-lora` is judged on the experts' own tasks with these experts in the library, as its paper does.
    public var closedWorld = false
    /// The methods, in the order of the report.
    public var methods = StandardMethod.allCases
    /// The seed of samples and bootstrap resamples.
    public var seed: UInt64 = 0
    /// The number of bootstrap resamples that intervals are computed from.
    public var resamples = 2000
    /// The most queries of a task that are judged, drawn by the seed; nil for all of them.
    public var queries: Int?
    /// The texts of a task's pool that compete to be a query's answer.
    public var labels = Labels.pool
    /// Whether the time and the generator that an adapter takes are reported, which differ from run to run.
    public var costs = false
    /// The number of threads that train and encode.
    public var threads = 2

    /// Which texts compete to be the answer of a task's queries.
    public enum Labels: String, Sendable, Hashable, Codable, CaseIterable {
        /// All texts of the task's pool, which may hold the answers of other tasks too.
        case pool
        /// Those texts of the pool that answer any of the task's queries.
        case own
    }

    /// The methods that an ``AnsweringModel`` is asked with by default: an answer takes longer than an embedding.
    public static let answeredMethods: [StandardMethod] = [.base, .mean, .nearest, .weighted, .sgLoRA]

    /// Creates the default options.
    public init() {}

    /// The methods of some names, in the order of the report.
    ///
    /// - Throws: `invalidRequest` for an unknown name.
    public static func methods(named names: [String]) throws(SgloradError) -> [StandardMethod] {
        var chosen: Set<StandardMethod> = []
        for name in names {
            guard let method = StandardMethod(rawValue: name) else {
                let known = StandardMethod.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalidRequest(
                    field: "methods", reason: "holds the unknown method '\(name)'; known are \(known)")
            }
            chosen.insert(method)
        }
        return StandardMethod.allCases.filter(chosen.contains)
    }
}

/// The progress of an evaluation.
public struct EvaluationProgress: Sendable, Hashable, Codable {
    /// The stages, in order.
    public enum Stage: String, Sendable, Hashable, Codable {
        /// Generators of the folds, and those without a latent, are trained; counted in steps.
        case training
        /// Texts are encoded and ranked; counted in texts.
        case evaluating
        /// An ``AnsweringModel`` answers, instead of ``evaluating``; counted in answers.
        case answering
        /// Adapters are made with examples of the tasks, refined and judged; counted in adapters.
        case refining
    }

    public var stage: Stage
    /// The steps, texts, answers or adapters of the stage that are done.
    public var done: Int
    /// The steps, texts, answers or adapters of the stage in all.
    public var total: Int
}

public import ErrorModel

/// What of an evaluation is run, and how.
public struct EvaluationOptions: Sendable, Hashable, Codable {
    /// Whether tasks that no expert was trained on are judged.
    public var heldOut = true
    /// Whether experts are judged on their own tasks, left out.
    public var leaveOut = true
    /// The methods, in the order of the tables.
    public var methods = StandardMethod.allCases
    /// What samples and resamples are drawn from.
    public var seed: UInt64 = 0
    /// How many bootstrap resamples intervals are taken from.
    public var resamples = 2000
    /// How many threads encode.
    public var threads = 2

    /// The default evaluation.
    public init() {}

    /// Takes methods by their names, in any order.
    ///
    /// - Throws: `invalidRequest` for a name that there is not.
    public static func methods(named names: [String]) throws(SgloradError) -> [StandardMethod] {
        var chosen: Set<StandardMethod> = []
        for name in names {
            guard let method = StandardMethod(rawValue: name) else {
                let known = StandardMethod.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalidRequest(field: "methods", reason: "holds '\(name)'; there are \(known)")
            }
            chosen.insert(method)
        }
        return StandardMethod.allCases.filter(chosen.contains)
    }
}

/// Where an evaluation stands.
public struct EvaluationProgress: Sendable, Hashable, Codable {
    /// What is being done.
    public enum Stage: String, Sendable, Hashable, Codable {
        /// Generators are trained: of the folds, and without a latent; counted in steps.
        case training
        /// Texts are encoded and ranked; counted in texts.
        case evaluating
    }

    /// What is being done.
    public var stage: Stage
    /// How much of the stage is done.
    public var done: Int
    /// How much there is.
    public var total: Int
}

internal import Generation
internal import LinearAlgebra

/// What examples of the tasks are worth in one part of an evaluation: recall by the number of examples.
///
/// Every point is a request with the default strategy and so many examples, judged on the tasks' queries, none of which is an
/// example.
public struct ExampleCurve: Sendable, Hashable, Codable {
    /// What the examples of a point are.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// Texts alone, which guide beside the description.
        case without
        /// Texts with answers, which guide, and refine the adapter.
        case with
        /// Texts alone, by the strategy `weighted-examples`: the merge of the experts nearest to them.
        case merged
        /// Control: the answered examples of another task.
        case another
        /// Texts alone, by the strategy `icm-lora`; here and below, nothing is refined.
        case decodedWithout = "icm-lora-texts"
        /// Texts with answers, by the strategy `icm-lora`.
        case decoded = "icm-lora"
        /// Control: the answered examples of another task, by the strategy `icm-lora`.
        case decodedAnother = "icm-lora-another"
        /// Ablation: texts with answers, by a generator that was trained with each expert given another's examples.
        case decodedShuffled = "icm-lora-shuffled"
        /// Ablation: texts with answers, by a generator that was trained without a latent.
        case decodedNoLatent = "icm-lora-no-latent"

        /// The training of icm-lora that makes the adapters; nil for other kinds.
        var variant: ExampleSystem.Variant? {
            switch self {
            case .without, .with, .merged, .another: nil
            case .decodedWithout, .decoded, .decodedAnother: .own
            case .decodedShuffled: .shuffled
            case .decodedNoLatent: .withoutLatent
            }
        }

        /// Whether the examples are another task's.
        var isAnothers: Bool { self == .another || self == .decodedAnother }
    }

    /// One point of the curve, over a group of tasks.
    public struct Point: Sendable, Hashable, Codable {
        /// The number of examples of each task.
        public var examples: Int
        public var kind: Kind
        /// Mean recall@1.
        public var recallAt1: EvaluationReport.Estimate
        /// Recall@1 minus that of the base model, paired.
        public var againstBase: EvaluationReport.Estimate
        /// The share of what training gains: (recall - base) / (trained - base), each a mean over the tasks; nil unless the
        /// recall of a trained adapter is known for all of them and above that of the base.
        public var gained: EvaluationReport.Estimate?
        /// The mean time of a request's computation, in seconds: encoding, guidance, generation and refinement.
        public var seconds: Double
    }

    /// A group of tasks over which means are taken.
    public struct Group: Sendable, Hashable, Codable {
        /// The family; nil for all tasks of the part.
        public var family: String?
        /// The number of tasks.
        public var tasks: Int
        /// The number of queries of all tasks.
        public var queries: Int
        /// Mean recall@1 of the base model.
        public var base: EvaluationReport.Estimate
        /// Mean recall@1 of adapters that were trained on the tasks; nil unless it is known for all of them.
        public var trained: Double?
        /// The points, by kind and then by the number of examples.
        public var points: [Point]
    }

    /// One task.
    public struct Task: Sendable, Hashable, Codable {
        public var name: String
        /// Recall@1 of the base model.
        public var base: Double
        /// Recall@1 of an adapter that was trained on the task; nil if it is not known.
        public var trained: Double?
        /// Recall@1 at each point, in the order of the groups' points.
        public var recallAt1: [Double]
    }

    /// `held-out` or `leave-out`, as the part of the report.
    public var part: String
    /// All tasks with examples, then each family if there are several.
    public var groups: [Group]
    /// The tasks, in the order of the input.
    public var tasks: [Task]
}

/// A point of the curve before it is judged: how many examples of which kind.
struct ExamplePoint: Sendable, Hashable {
    let count: Int
    let kind: ExampleCurve.Kind

    /// The numbers of examples that are judged.
    static let counts = [0, 4, 8, 16, 32]

    /// The points for tasks that have at least so many examples.
    ///
    /// Controls and ablations have the most examples; a control is left out where there is no other task.
    ///
    /// - Parameters:
    ///   - most: how many examples each task has, at least.
    ///   - hasOther: whether there is another task.
    ///   - variants: the trainings of icm-lora that are judged.
    static func all(
        upTo most: Int, hasOther: Bool, _ variants: Set<ExampleSystem.Variant> = []
    ) -> [ExamplePoint] {
        let counts = counts.filter { $0 <= most }
        func points(_ kind: ExampleCurve.Kind, _ counts: some Sequence<Int>) -> [ExamplePoint] {
            guard kind.variant.map(variants.contains) ?? true, hasOther || !kind.isAnothers else { return [] }
            return counts.map { ExamplePoint(count: $0, kind: kind) }
        }
        return points(.without, counts) + points(.with, counts.dropFirst())
            + points(.merged, counts.dropFirst()) + points(.another, counts.suffix(1))
            + points(.decodedWithout, counts.dropFirst()) + points(.decoded, counts.dropFirst())
            + points(.decodedAnother, counts.suffix(1)) + points(.decodedShuffled, counts.suffix(1))
            + points(.decodedNoLatent, counts.suffix(1))
    }
}

/// A task's rankings at the points of a curve.
struct JudgedExamples: Sendable {
    let task: EvaluationTask
    let base: Ranking
    /// Recall@1 of an adapter that was trained on the task.
    let trained: Double?
    /// For each point its ranking and the seconds of the request.
    let points: [(ranking: Ranking, seconds: Double)]
}

extension ExampleCurve {
    /// Summarises the tasks of one part.
    ///
    /// - Parameters:
    ///   - part: the part's name.
    ///   - judged: tasks that were judged at the same points.
    ///   - points: those points.
    ///   - resamples: how many bootstrap resamples give the intervals.
    ///   - seed: of the resamples.
    init(
        _ part: String, _ judged: [JudgedExamples], at points: [ExamplePoint], resamples: Int, seed: UInt64
    ) {
        let families = Set(judged.map(\.task.family)).sorted()
        var groups = [Self.group(nil, judged, points, part, resamples, seed)]
        if families.count > 1 {
            for family in families {
                let own = judged.filter { $0.task.family == family }
                groups.append(Self.group(family, own, points, part, resamples, seed))
            }
        }
        self.init(
            part: part, groups: groups,
            tasks: judged.map { own in
                Task(
                    name: own.task.name, base: own.base.figures.recallAt1, trained: own.trained,
                    recallAt1: own.points.map(\.ranking.figures.recallAt1))
            })
    }

    private static func group(
        _ family: String?, _ judged: [JudgedExamples], _ points: [ExamplePoint], _ part: String,
        _ resamples: Int, _ seed: UInt64
    ) -> Group {
        let trained = judged.compactMap(\.trained)
        let isKnown = !judged.isEmpty && trained.count == judged.count
        // The columns: base, the trained adapter, then the points.
        let rows = judged.map { own in
            own.task.queries.indices.map { query -> [Float] in
                [Self.right(own.base, query), Float(own.trained ?? 0)]
                    + own.points.map { Self.right($0.ranking, query) }
            }
        }
        let bootstrap = Bootstrap(
            tasks: rows, columns: 2 + points.count, resamples: resamples,
            random: .init(seed: seed, stream: StableHash.of("examples/\(part)/\(family ?? "")")))
        return Group(
            family: family, tasks: judged.count, queries: judged.reduce(0) { $0 + $1.task.queries.count },
            base: bootstrap.estimate(0),
            trained: isKnown ? trained.reduce(0, +) / Double(trained.count) : nil,
            points: points.enumerated().map { place, point in
                Point(
                    examples: point.count, kind: point.kind, recallAt1: bootstrap.estimate(2 + place),
                    againstBase: bootstrap.difference(2 + place, 0),
                    gained: isKnown
                        ? bootstrap.estimate { means in Self.share(of: means[2 + place], means[0], means[1]) }
                        : nil,
                    seconds: judged.reduce(0) { $0 + $1.points[place].seconds }
                        / Double(max(1, judged.count)))
            })
    }

    private static func right(_ ranking: Ranking, _ query: Int) -> Float {
        ranking.places[query] == 0 ? 1 : 0
    }

    /// The share of what training gains; nil where it gains less than half a point, of which no share can be told.
    private static func share(of recall: Double, _ base: Double, _ trained: Double) -> Double? {
        trained - base > 0.005 ? (recall - base) / (trained - base) : nil
    }
}

/// How a generator compares with its control and with merging on left-out experts, on which nothing was fitted.
public struct GeneratorVerdict: Sendable, Hashable, Codable {
    /// The measure of the comparison.
    public enum Measure: String, Sendable, Hashable, Codable {
        /// Mean recall@1 on the experts' own tasks; higher is better.
        case recall
        /// The share of queries of the experts' own tasks that the base model answered right, run by another program; higher
        /// is better.
        case engine
        /// Mean squared distance from the expert's parameters, relative to the library mean's distance; lower
        /// is better.
        case parameters
    }

    /// The measure of all figures.
    public var judgedBy: Measure
    /// The number of left-out experts that were judged.
    public var tasks: Int
    /// The result of the generator's own strategy.
    public var own: Double
    /// The result of the same system without what it claims to gain by, such as the description; nil if it was not judged.
    public var control: Double?
    /// The result of `weighted` with the paper's K = 4, τ = 0.05 and plain cosine.
    public var weighted: Double
    /// The result of the base model alone; nil if judged by parameters.
    public var base: Double?
    /// What ``own`` is the mean of, by the names of the left-out experts; nil in older files, and where recall was not measured.
    public var results: [String: Double]?

    /// Creates a verdict.
    public init(
        judgedBy: Measure, tasks: Int, own: Double, control: Double? = nil, weighted: Double,
        base: Double? = nil, results: [String: Double]? = nil
    ) {
        self.judgedBy = judgedBy
        self.tasks = tasks
        self.own = own
        self.control = control
        self.weighted = weighted
        self.base = base
        self.results = results
    }

    private enum CodingKeys: String, CodingKey {
        case judgedBy, tasks, own, control, weighted, base, results
        /// What ``own`` is called in files of 0.1.0.
        case sgLoRA
    }

    /// Decodes a verdict, also one of 0.1.0.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        judgedBy = try container.decode(Measure.self, forKey: .judgedBy)
        tasks = try container.decode(Int.self, forKey: .tasks)
        own = try container.decode(Double.self, forKey: container.contains(.own) ? .own : .sgLoRA)
        control = try container.decodeIfPresent(Double.self, forKey: .control)
        weighted = try container.decode(Double.self, forKey: .weighted)
        base = try container.decodeIfPresent(Double.self, forKey: .base)
        results = try container.decodeIfPresent([String: Double].self, forKey: .results)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(judgedBy, forKey: .judgedBy)
        try container.encode(tasks, forKey: .tasks)
        try container.encode(own, forKey: .own)
        try container.encodeIfPresent(control, forKey: .control)
        try container.encode(weighted, forKey: .weighted)
        try container.encodeIfPresent(base, forKey: .base)
        try container.encodeIfPresent(results, forKey: .results)
    }

    /// The results of the generator, of `weighted` and of the control as text.
    public var figures: String {
        let measure =
            switch judgedBy {
            case .recall: "recall@1"
            case .engine: "right answers"
            case .parameters: "squared error"
            }
        return "\(measure) \(Self.rounded(own)) against \(Self.rounded(weighted))"
            + (control.map { ", its control \(Self.rounded($0))" } ?? "")
    }

    /// A value with three decimals, clamped to 0...10⁶.
    private static func rounded(_ value: Double) -> String {
        let thousandths = Int((min(1e6, max(0, value)) * 1000).rounded())
        let digits = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// How much better than `weighted` it is; of verdicts by one measure on one library, the largest is the best.
    public var margin: Double { judgedBy == .parameters ? weighted - own : own - weighted }

    /// Whether `auto` may choose the generator: it is not behind `weighted`, or, where a control was judged, better than both.
    public var isPreferred: Bool {
        guard let control else { return margin >= 0 }
        return margin > 0 && (judgedBy == .parameters ? own < control : own > control)
    }
}

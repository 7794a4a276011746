/// How a generator does beside merging, on experts of its library that were left out of all that was fitted.
public struct GeneratorVerdict: Sendable, Hashable, Codable {
    /// What the figures are.
    public enum Measure: String, Sendable, Hashable, Codable {
        /// Mean recall@1 on the experts' own tasks; more is better.
        case recall
        /// Mean squared distance from the expert's parameters, relative to the library mean's; less is better.
        case parameters
    }

    /// What the figures are.
    public var judgedBy: Measure
    /// How many left-out experts were judged.
    public var tasks: Int
    /// The figure of `sg-lora`.
    public var sgLoRA: Double
    /// The figure of `weighted`, with K = 4, τ = 0.05 and the plain cosine.
    public var weighted: Double
    /// The figure of the base model alone; by recall only.
    public var base: Double?

    /// Makes a verdict.
    public init(
        judgedBy: Measure, tasks: Int, sgLoRA: Double, weighted: Double, base: Double? = nil
    ) {
        self.judgedBy = judgedBy
        self.tasks = tasks
        self.sgLoRA = sgLoRA
        self.weighted = weighted
        self.base = base
    }

    /// The two figures as a person reads them.
    public var figures: String {
        switch judgedBy {
        case .recall: "recall@1 \(Self.rounded(sgLoRA)) against \(Self.rounded(weighted))"
        case .parameters: "squared error \(Self.rounded(sgLoRA)) against \(Self.rounded(weighted))"
        }
    }

    private static func rounded(_ value: Double) -> String {
        let thousandths = Int((min(1e6, max(0, value)) * 1000).rounded())
        let digits = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// Whether `auto` may take `sg-lora`: it is not behind `weighted`.
    public var prefersSGLoRA: Bool {
        switch judgedBy {
        case .recall: sgLoRA >= weighted
        case .parameters: sgLoRA <= weighted
        }
    }
}

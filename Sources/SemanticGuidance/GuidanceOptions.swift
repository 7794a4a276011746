public import ErrorModel

/// How experts are chosen and weighted.
public struct GuidanceOptions: Sendable, Hashable, Codable {
    /// K: the number of nearest experts that guide, from 1 to 1,024.
    ///
    /// In a library with fewer experts all of them guide.
    public let topK: Int
    /// τ: proximities are divided by it before the softmax; from 10⁻⁴ to 10⁴.
    public let temperature: Float
    /// The proximity by which experts are chosen and weighted.
    public let measure: ProximityMeasure

    /// The default where neither the intent nor a generator sets options: K = 8, τ = 0.1, centred.
    public static let standard = GuidanceOptions(unchecked: 8, 0.1, .centred)

    /// The options that a generator is trained with by default: K = 16, τ = 0.2, centred.
    ///
    /// These are more neighbours than a plain merge needs, because steering scales how far to move towards
    /// their mean.
    public static let broad = GuidanceOptions(unchecked: 16, 0.2, .centred)

    /// The options of the SG-LoRA paper (arXiv 2509.10535): K = 4, τ = 0.05, plain cosine.
    public static let paper = GuidanceOptions(unchecked: 4, 0.05, .plain)

    private init(unchecked topK: Int, _ temperature: Float, _ measure: ProximityMeasure) {
        self.topK = topK
        self.temperature = temperature
        self.measure = measure
    }

    /// Creates options.
    ///
    /// - Throws: `invalidIntent` naming the field that is out of range.
    public init(topK: Int, temperature: Float, measure: ProximityMeasure) throws(SgloradError) {
        guard (1...1024).contains(topK) else {
            throw .invalidIntent(field: "topK", reason: "is \(topK); it must be 1 to 1024")
        }
        guard (1e-4...1e4).contains(temperature) else {
            throw .invalidIntent(
                field: "temperature", reason: "is \(temperature); it must be 0.0001 to 10000")
        }
        self.init(unchecked: topK, temperature, measure)
    }

    /// Decodes options and checks their ranges as `init(topK:temperature:measure:)` does.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            topK: container.decode(Int.self, forKey: .topK),
            temperature: container.decode(Float.self, forKey: .temperature),
            measure: container.decode(ProximityMeasure.self, forKey: .measure))
    }
}

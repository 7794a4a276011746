public import ErrorModel

/// Whether an intent is near enough to the library for guidance to mean anything.
///
/// Always judged by the plain cosine: a centred proximity is high for something even where nothing is near.
public struct Relevance: Sendable, Hashable {
    /// The plain cosine of the nearest expert.
    public let proximity: Float
    /// The plain cosine under which an intent is refused.
    public let threshold: Float
    /// The nearest expert's place in the library's order.
    public let nearest: Int

    /// The threshold where no generator has calibrated one.
    public static let standardThreshold: Float = 0.25

    /// Judges plain proximities, one an expert; nil for a library without experts.
    public init?(plainProximities: [Float], threshold: Float = standardThreshold) {
        guard
            let nearest = plainProximities.indices.max(by: {
                (plainProximities[$0], $1) < (plainProximities[$1], $0)
            })
        else { return nil }
        self.nearest = nearest
        self.proximity = plainProximities[nearest]
        self.threshold = threshold
    }

    /// Whether the intent is to be refused.
    public var refuses: Bool { proximity < threshold }

    /// The refusal, with its numbers.
    ///
    /// - Parameter name: the nearest expert's name.
    public func refusal(nearest name: String) -> SgloradError {
        SgloradError(
            .noRelevantExpert,
            """
            No expert is near enough to the intent: the nearest, '\(name)', has proximity \(Self.rounded(proximity)), \
            under the threshold of \(Self.rounded(threshold)). Say the task in other words, import an expert of a \
            nearer task, or force the request to take the nearest ones all the same.
            """,
            parameters: [
                "proximity": .double(Double(proximity)), "threshold": .double(Double(threshold)),
                "nearest": .string(name),
            ])
    }

    private static func rounded(_ value: Float) -> String {
        let thousandths = Int((value * 1000).rounded())
        let digits = String(abs(thousandths) % 1000)
        return "\(thousandths < 0 ? "-" : "")\(abs(thousandths) / 1000)."
            + String(repeating: "0", count: 3 - digits.count) + digits
    }
}

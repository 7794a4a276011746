public import ErrorModel

/// The rule of refusal: whether an intent is near enough to the library for guidance to be meaningful.
///
/// Relevance is always judged by the plain cosine. A centred proximity is high for some expert even if none
/// is near.
public struct Relevance: Sendable, Hashable {
    /// The plain cosine of the nearest expert.
    public let proximity: Float
    /// The plain cosine below which an intent is refused.
    public let threshold: Float
    /// The nearest expert's index in the library's order.
    public let nearest: Int

    /// The threshold where no generator has calibrated one.
    public static let standardThreshold: Float = 0.25

    /// Judges plain proximities, one per expert; nil for a library without experts.
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

    /// Judges the nearest expert that a search found; nil for a library without experts.
    public init?(_ search: ExpertSearch, threshold: Float = standardThreshold) {
        guard let nearest = search.mostRelevant else { return nil }
        self.nearest = nearest.expert
        self.proximity = nearest.proximity
        self.threshold = threshold
    }

    /// Whether the intent is to be refused.
    public var refuses: Bool { proximity < threshold }

    /// The error that refuses the intent, with the proximity and the threshold.
    ///
    /// - Parameter name: the nearest expert's name.
    public func refusal(nearest name: String) -> SgloradError {
        SgloradError(
            .noRelevantExpert,
            """
            No expert is near enough to the intent: the nearest, '\(name)', has proximity \(Self.rounded(proximity)), \
            below the threshold of \(Self.rounded(threshold)). Rephrase the task, import an expert for a similar task, \
            or force the request to use the nearest experts anyway.
            """,
            parameters: [
                "proximity": .double(Double(proximity)), "threshold": .double(Double(threshold)),
                "nearest": .string(name),
            ])
    }

    /// A value with three decimals.
    private static func rounded(_ value: Float) -> String {
        let thousandths = Int((value * 1000).rounded())
        let digits = String(abs(thousandths) % 1000)
        return "\(thousandths < 0 ? "-" : "")\(abs(thousandths) / 1000)."
            + String(repeating: "0", count: 3 - digits.count) + digits
    }
}

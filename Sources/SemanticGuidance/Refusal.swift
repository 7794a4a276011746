public import ErrorModel

/// Whether an intent is near enough to the library for guidance to be meaningful.
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

/// Calibrates the threshold of ``Relevance`` from how near a library's own tasks are to each other.
public enum RefusalCalibration {
    /// The range of calibrated thresholds.
    public static let range: ClosedRange<Float> = 0.25...0.6

    /// The highest threshold that proximities alone can give.
    ///
    /// A library's descriptions are worded alike, and so are nearer to each other than a user's own words are
    /// to any of them.
    public static let highestUnmeasured: Float = 0.35

    /// A left-out expert taken as an intent: its proximity to the rest of the library, and guidance's gain.
    public struct Observation: Sendable, Hashable {
        /// The plain cosine of the nearest expert that was not left out.
        public let proximity: Float
        /// The guided adapter's gain over the base model; nil if it was not measured.
        public let gain: Double?

        /// Creates an observation.
        public init(proximity: Float, gain: Double? = nil) {
            self.proximity = proximity
            self.gain = gain
        }
    }

    /// Calibrates a threshold.
    ///
    /// The threshold lies three standard deviations below the mean proximity of the library's own tasks to
    /// each other, but not above ``highestUnmeasured``. If gains were measured, it rises to the proximity up
    /// to which the tasks together gained nothing, provided that at least five tasks show it.
    ///
    /// - Returns: a value in ``range``; its lower bound for fewer than four observations.
    public static func threshold(_ observations: [Observation]) -> Float {
        guard observations.count >= 4 else { return range.lowerBound }
        let values = observations.map { Double($0.proximity) }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
        let usual = min(highestUnmeasured, Float(mean - 3 * variance.squareRoot()))
        return min(range.upperBound, max(range.lowerBound, usual, harmfulUpTo(observations) ?? 0))
    }

    /// The highest proximity up to which the measured gains sum to significantly less than zero.
    private static func harmfulUpTo(_ observations: [Observation]) -> Float? {
        let measured = observations.filter { $0.gain != nil }.sorted { $0.proximity < $1.proximity }
        var total = 0.0
        var squares = 0.0
        var found: Float?
        for (index, observation) in measured.enumerated() {
            let gain = observation.gain ?? 0
            total += gain
            squares += gain * gain
            let count = Double(index + 1)
            // Two standard errors below zero, so that a few unlucky tasks do not count.
            let spread = (squares / count).squareRoot() * count.squareRoot()
            if index >= 4, total < -2 * spread { found = observation.proximity }
        }
        return found
    }
}

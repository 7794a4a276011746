/// Calibrates the threshold below which intents are refused, from how near a library's own tasks are to each other.
///
/// The rule that applies the threshold is ``Relevance/refuses``.
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

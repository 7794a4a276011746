/// The plain cosine under which an intent is refused, from how near a library's own tasks are to each other.
public enum RefusalCalibration {
    /// The lowest and the highest threshold that a calibration gives.
    public static let range: ClosedRange<Float> = 0.25...0.6

    /// The highest threshold that proximities alone give: a library's descriptions are worded alike, and nearer to each other
    /// than a user's own words are to any of them.
    public static let highestUnmeasured: Float = 0.35

    /// A left-out expert as an intent: how near the rest of the library is, and whether guidance helped.
    public struct Observation: Sendable, Hashable {
        /// The plain cosine of the nearest expert that was not left out.
        public let proximity: Float
        /// What the guided adapter gained over the base; nil where nobody measured.
        public let gain: Double?

        /// Makes an observation.
        public init(proximity: Float, gain: Double? = nil) {
            self.proximity = proximity
            self.gain = gain
        }
    }

    /// Calibrates a threshold.
    ///
    /// An intent is refused when it is farther from the library than three standard deviations below what the library's own
    /// tasks are from each other, though never above ``highestUnmeasured``. Where gains were measured, the threshold rises
    /// to the proximity under which the tasks, taken together, gained nothing, if at least five of them show it.
    ///
    /// - Returns: a value in ``range``; its lower end for fewer than four observations.
    public static func threshold(_ observations: [Observation]) -> Float {
        guard observations.count >= 4 else { return range.lowerBound }
        let values = observations.map { Double($0.proximity) }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
        let usual = min(highestUnmeasured, Float(mean - 3 * variance.squareRoot()))
        return min(range.upperBound, max(range.lowerBound, usual, fruitless(observations) ?? 0))
    }

    /// The highest proximity up to which the measured gains sum to less than nothing.
    private static func fruitless(_ observations: [Observation]) -> Float? {
        let measured = observations.filter { $0.gain != nil }.sorted { $0.proximity < $1.proximity }
        var total = 0.0
        var squares = 0.0
        var found: Float?
        for (index, observation) in measured.enumerated() {
            let gain = observation.gain ?? 0
            total += gain
            squares += gain * gain
            let count = Double(index + 1)
            // Two standard errors below nothing: a few unlucky tasks do not count.
            let spread = (squares / count).squareRoot() * count.squareRoot()
            if index >= 4, total < -2 * spread { found = observation.proximity }
        }
        return found
    }
}

/// Guesses how long a piece of work will still take, from how fast it has been.
struct TimeLeft: Sendable {
    private var first: (instant: ContinuousClock.Instant, done: Int)?
    private var stage = ""

    /// The seconds that are left; nil until something is known.
    ///
    /// - Parameters:
    ///   - stage: a new stage is measured anew.
    ///   - done: how much of the stage is done.
    ///   - total: how much there is.
    mutating func seconds(stage: String = "", done: Int, of total: Int) -> Double? {
        let now = ContinuousClock.now
        guard let first, stage == self.stage, done > first.done else {
            if first == nil || stage != self.stage { first = (now, done) }
            self.stage = stage
            return nil
        }
        return (now - first.instant) / .seconds(1) / Double(done - first.done) * Double(total - done)
    }
}

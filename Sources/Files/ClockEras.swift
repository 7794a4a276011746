/// How the wall clock ran beside the uptime: one era for each time it was set, or the machine was off.
///
/// The times of files are the wall clock's at that moment, right or wrong. The eras tell how much uptime has passed since.
struct ClockEras: Sendable, Codable {
    /// A time in which both ran alike.
    private struct Era: Sendable, Codable {
        /// The wall clock at its begin, in seconds since 1970.
        let wall: Double
        /// The running time at its begin, in seconds.
        let running: Double
    }

    /// How many are kept; the oldest are forgotten.
    static let most = 128
    /// By how many seconds both may differ within an era: a clock is adjusted by small steps all the time.
    static let slack = 120.0
    /// How many seconds before the begin of an era belong to it: the step is noticed a while after it happened.
    static let delay = 600.0

    private var eras: [Era] = []

    /// Begins an era if the wall clock was set since the last call.
    mutating func note(wall: Double, running: Double) {
        if let last = eras.last, abs((wall - last.wall) - (running - last.running)) <= Self.slack { return }
        eras.append(Era(wall: wall, running: running))
        eras.removeFirst(max(0, eras.count - Self.most))
    }

    /// The running time at a moment of the wall clock.
    ///
    /// Where the clock has shown that moment more than once, the last time counts. A moment that it has not shown counts as
    /// the begin of the first era, so that a file from before ages as well.
    ///
    /// - Parameters:
    ///   - wall: the moment, in seconds since 1970.
    ///   - now: the running time now.
    func running(atWall wall: Double, now: Double) -> Double {
        var end = now
        for era in eras.reversed() {
            if wall >= era.wall - Self.delay, wall <= era.wall + (end - era.running) + Self.slack {
                return min(now, max(0, era.running + wall - era.wall))
            }
            end = era.running
        }
        return eras.first?.running ?? now
    }
}

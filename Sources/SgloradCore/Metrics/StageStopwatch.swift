internal import IntentQueue

/// Times the stages of one request, each until the next begins.
struct StageStopwatch {
    private let metrics: DaemonMetrics
    private var current: (stage: RequestStage, since: ContinuousClock.Instant)?

    init(_ metrics: DaemonMetrics) { self.metrics = metrics }

    /// Ends the stage that is going on, and begins another.
    mutating func begin(_ stage: RequestStage) {
        end()
        current = (stage, .now)
    }

    /// Ends the stage that is going on, if one is.
    mutating func end() {
        if let current { metrics.stage(current.stage, took: .now - current.since) }
        current = nil
    }
}

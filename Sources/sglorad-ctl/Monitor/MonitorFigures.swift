/// The figures of a monitor that `Metrics` reports, read from Prometheus' text format.
///
/// What a caller may not see is nil.
struct MonitorFigures: Sendable, Hashable {
    /// The number of workers, and how many of them work.
    var workers: Int?
    var busyWorkers: Int?
    /// How many answers the daemon has given since its start, and how long they took together, in seconds.
    var answers: Int?
    var answerSeconds: Double?
    /// The resident memory in bytes.
    var residentBytes: Int?
    /// The mean time of each stage in seconds, in the order of the stages.
    var stages: [Stage] = []

    struct Stage: Sendable, Hashable {
        let name: String
        let mean: Double
    }

    init() {}

    /// Reads the samples that a monitor shows, and skips everything else.
    init(prometheus text: String) {
        var values: [Substring: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...])
            else { continue }
            values[line[..<space]] = value
        }
        func whole(_ name: Substring) -> Int? {
            values[name].flatMap { $0.isFinite && abs($0) < 1e15 ? Int($0) : nil }
        }
        busyWorkers = whole("sglorad_workers{state=\"busy\"}")
        workers = whole("sglorad_workers{state=\"idle\"}").flatMap { idle in busyWorkers.map { $0 + idle } }
        answers = whole("sglorad_answer_seconds_count")
        answerSeconds = values["sglorad_answer_seconds_sum"]
        residentBytes = whole("process_resident_memory_bytes")
        stages = ["encoding", "generating", "publishing"].compactMap { stage in
            guard let sum = values["sglorad_stage_seconds_sum{stage=\"\(stage)\"}"],
                let count = values["sglorad_stage_seconds_count{stage=\"\(stage)\"}"], count > 0
            else { return nil }
            return Stage(name: stage, mean: sum / count)
        }
    }
}

internal import ErrorModel

/// The adapters to encode with and the tasks of each.
///
/// Every adapter is made once, and encodes every text once, however many methods and tasks share them.
struct EncodingSchedule {
    /// One adapter with its tasks.
    private struct Unit: Sendable {
        let adapter: MethodAdapter
        var tasks: [EvaluationTask] = []
        /// For each of ``tasks`` the requests that its ranking answers.
        var requests: [[Request]] = []
        /// The index in ``tasks`` of each judged task.
        var indexOfTask: [Int: Int] = [:]
    }

    private struct Request: Sendable {
        let place: Int
        let method: String
    }

    private var units: [Unit] = []
    private var unitOfID: [String: Int] = [:]

    /// Requests the ranking of a task with an adapter.
    ///
    /// - Parameter place: the task's index among the judged tasks.
    mutating func add(_ adapter: MethodAdapter, method: String, task: EvaluationTask, place: Int) {
        let unit = unitOfID[adapter.id] ?? units.count
        if unit == units.count {
            units.append(Unit(adapter: adapter))
            unitOfID[adapter.id] = unit
        }
        let request = Request(place: place, method: method)
        if let known = units[unit].indexOfTask[place] {
            units[unit].requests[known].append(request)
        } else {
            units[unit].indexOfTask[place] = units[unit].tasks.count
            units[unit].tasks.append(task)
            units[unit].requests.append([request])
        }
    }

    /// Computes all requested rankings, starting with the adapters with the most tasks.
    func run(
        _ encoder: TaskEncoder, threads: Int, _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> [(place: Int, method: String, ranking: Ranking)] {
        let ordered = units.enumerated().sorted {
            ($1.element.tasks.count, $0.offset) < ($0.element.tasks.count, $1.offset)
        }
        .map(\.element)
        let total = ordered.reduce(0) { $0 + TaskEncoder.texts(of: $1.tasks).count }
        let counter = ProgressCounter(.evaluating, total: total, progress)
        let rankings = try Workers.map(ordered.count, threads: threads) { index throws(SgloradError) in
            let unit = ordered[index]
            var parameters: [Float]?
            if case .parameters(_, let make) = unit.adapter { parameters = try make() }
            return try encoder.rankings(of: unit.tasks, with: parameters) { count in counter.add(count) }
        }
        var result: [(place: Int, method: String, ranking: Ranking)] = []
        for (unit, rankings) in zip(ordered, rankings) {
            for (requests, ranking) in zip(unit.requests, rankings) {
                for request in requests { result.append((request.place, request.method, ranking)) }
            }
        }
        return result
    }
}

internal import ErrorModel
internal import Synchronization

/// Which tasks are encoded with which adapter: every adapter is made once, and every text encoded once with it.
struct EncodingSchedule {
    private struct Unit: Sendable {
        let adapter: EvaluationMethod.Adapter
        var tasks: [EvaluationTask] = []
        /// For each task what its ranking is for.
        var purposes: [[Purpose]] = []
        var placeOfTask: [Int: Int] = [:]
    }

    private struct Purpose: Sendable {
        let place: Int
        let method: String
    }

    private var units: [Unit] = []
    private var unitOfID: [String: Int] = [:]

    /// Asks for a task's ranking with an adapter.
    ///
    /// - Parameter place: the task's place among those that are judged.
    mutating func add(_ adapter: EvaluationMethod.Adapter, method: String, task: EvaluationTask, place: Int) {
        let unit = unitOfID[adapter.id] ?? units.count
        if unit == units.count {
            units.append(Unit(adapter: adapter))
            unitOfID[adapter.id] = unit
        }
        let purpose = Purpose(place: place, method: method)
        if let known = units[unit].placeOfTask[place] {
            units[unit].purposes[known].append(purpose)
        } else {
            units[unit].placeOfTask[place] = units[unit].tasks.count
            units[unit].tasks.append(task)
            units[unit].purposes.append([purpose])
        }
    }

    /// Ranks everything that was asked for, the adapters with the most tasks first.
    func run(
        _ encoder: TaskEncoder, threads: Int, _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> [(place: Int, method: String, ranking: Ranking)] {
        let ordered = units.enumerated().sorted {
            ($1.element.tasks.count, $0.offset) < ($0.element.tasks.count, $1.offset)
        }
        .map(\.element)
        let total = ordered.reduce(0) { $0 + TaskEncoder.texts(of: $1.tasks).count }
        let done = Mutex(0)
        progress(EvaluationProgress(stage: .evaluating, done: 0, total: total))
        let rankings = try Workers.map(ordered.count, threads: threads) { index throws(SgloradError) in
            let unit = ordered[index]
            var parameters: [Float]?
            if case .parameters(_, let make) = unit.adapter { parameters = try make() }
            return try encoder.rankings(of: unit.tasks, with: parameters) { count in
                done.withLock { done in
                    done += count
                    progress(EvaluationProgress(stage: .evaluating, done: done, total: total))
                }
            }
        }
        var result: [(place: Int, method: String, ranking: Ranking)] = []
        for (unit, rankings) in zip(ordered, rankings) {
            for (purposes, ranking) in zip(unit.purposes, rankings) {
                for purpose in purposes { result.append((purpose.place, purpose.method, ranking)) }
            }
        }
        return result
    }
}

public import ErrorModel
internal import Generation

/// A base model that answers in words and that another program runs, such as a language model in llama.cpp.
public protocol AnsweringModel: Sendable {
    /// Has every query of a task answered with one text of its pool, once with each adapter.
    ///
    /// - Parameters:
    ///   - task: its pool holds the texts to choose from.
    ///   - part: the part of the work that asks; with the task's name and the adapters' ids it names the result.
    ///   - adapters: at least one, their ids distinct.
    ///   - progress: called with the number of answers that were added.
    /// - Returns: for each adapter, whether each query was answered right.
    func answers(
        to task: EvaluationTask, in part: String, with adapters: [AnsweringAdapter], progress: (Int) -> Void
    ) throws(SgloradError) -> [[Bool]]
}

/// An adapter with which a model answers.
public struct AnsweringAdapter: Sendable {
    /// Equal ids mean equal parameters.
    public let id: String
    /// Makes the parameters on the library's layout; nil for the base model alone.
    public let parameters: (@Sendable () throws(SgloradError) -> [Float])?

    /// Creates an adapter.
    public init(id: String, parameters: (@Sendable () throws(SgloradError) -> [Float])?) {
        self.id = id
        self.parameters = parameters
    }

    init(_ adapter: MethodAdapter) {
        switch adapter {
        case .base: self.init(id: "base", parameters: nil)
        case .parameters(let id, let make): self.init(id: id, parameters: make)
        }
    }
}

/// The questions of an evaluation: each task with the adapters to answer it with, each of which answers once however many
/// methods share it.
struct AnsweringSchedule {
    private struct Unit {
        let task: EvaluationTask
        let part: String
        var adapters: [AnsweringAdapter] = []
        /// For each of ``adapters`` the requests that its answers serve.
        var requests: [[(place: Int, method: String)]] = []

        var count: Int { task.queries.count * adapters.count }
    }

    private var units: [Unit] = []

    /// Begins a task, which the following requests are for.
    mutating func begin(_ task: EvaluationTask, part: String) {
        units.append(Unit(task: task, part: part))
    }

    /// Requests the answers with an adapter to the task that was begun last.
    ///
    /// - Parameter place: the task's index among the judged tasks.
    mutating func add(_ adapter: MethodAdapter, method: String, place: Int) {
        guard let last = units.indices.last else { return }
        let adapter = AnsweringAdapter(adapter)
        let known = units[last].adapters.firstIndex { $0.id == adapter.id }
        if known == nil {
            units[last].adapters.append(adapter)
            units[last].requests.append([])
        }
        units[last].requests[known ?? units[last].adapters.count - 1].append((place, method))
    }

    /// Has all tasks answered, one after the other on this thread.
    func run(
        _ model: any AnsweringModel, _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> [(place: Int, method: String, ranking: Ranking)] {
        let counter = ProgressCounter(.answering, total: units.reduce(0) { $0 + $1.count }, progress)
        var found: [(place: Int, method: String, ranking: Ranking)] = []
        for unit in units where !unit.adapters.isEmpty {
            let answers = try model.answers(to: unit.task, in: unit.part, with: unit.adapters) { count in
                counter.add(count)
            }
            for (requests, right) in zip(unit.requests, answers) {
                let ranking = Ranking(places: right.map { $0 ? 0 : Ranking.unranked })
                for request in requests { found.append((request.place, request.method, ranking)) }
            }
        }
        return found
    }
}

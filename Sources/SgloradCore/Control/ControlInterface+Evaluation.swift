internal import ControlProtocol
internal import ErrorModel
internal import Evaluation

extension ControlInterface {
    func evaluateGenerator(
        _ parameters: Methods.EvaluateGenerator.Parameters, _ call: VarlinkCall, _ replies: VarlinkReplies
    ) async throws {
        let base = try await libraries.base(named: parameters.base)
        let options = try EvaluationOptions(parameters)
        var tasks: [EvaluationTask] = []
        for task in parameters.tasks { tasks.append(try EvaluationTask(task)) }
        try EvaluationTask.validate(tasks)
        let more = call.more
        let result = try await evaluations.evaluate(
            base, generator: parameters.generatorId, tasks: tasks, options: options,
            html: parameters.html ?? false
        ) { progress in
            if more { try await replies.send(Methods.EvaluateGenerator.Reply(progress: progress)) }
        }
        // The page and the report may each be of a message's size.
        if more, let page = result.page {
            try await replies.send(Methods.EvaluateGenerator.Reply(page: page))
            try await replies.finish(Methods.EvaluateGenerator.Reply(report: result.report))
        } else {
            try await replies.finish(
                Methods.EvaluateGenerator.Reply(report: result.report, page: result.page))
        }
    }
}

extension EvaluationOptions {
    /// What a caller asks for: both parts unless it names one, and all methods unless it names some.
    fileprivate init(_ parameters: Methods.EvaluateGenerator.Parameters) throws(SgloradError) {
        self.init()
        let (heldOut, leaveOut) = (parameters.heldOut ?? false, parameters.leaveOut ?? false)
        self.heldOut = heldOut || !leaveOut
        self.leaveOut = leaveOut || !heldOut
        if let names = parameters.methods, !names.isEmpty { methods = try Self.methods(named: names) }
        if let seed = parameters.seed {
            guard (0..<1 << 53).contains(seed) else {
                throw .invalidRequest(field: "seed", reason: "is \(seed); it must be 0 to 9007199254740991")
            }
            self.seed = UInt64(seed)
        }
    }
}

extension EvaluationTask {
    /// A task as a caller sends it.
    init(_ task: Wire.EvaluationTask) throws(SgloradError) {
        var split: Split?
        if let name = task.split {
            guard let known = Split(rawValue: name) else {
                throw .invalidRequest(
                    field: "tasks",
                    reason:
                        "holds the task '\(task.name)', whose split is '\(name)'; it must be expert or heldout"
                )
            }
            split = known
        }
        self.init(
            name: task.name, description: task.description, split: split, family: task.family ?? "",
            pool: task.pool, queries: task.queries.map { Query(text: $0.text, answer: $0.answer) })
    }
}

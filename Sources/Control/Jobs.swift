internal import Adaptation
internal import ErrorModel
internal import Evaluation
internal import ExpertLibrary
internal import Generation
internal import SgloradInterface
internal import Varlink

/// Methods for trainings and evaluations, which run for minutes in child processes.
extension ControlHandler {
    func trainGenerator(_ stream: Methods.TrainGenerator.Stream) async throws {
        let base = try await domain.snapshots.base(named: stream.parameters.base)
        let plan = try TrainingPlan(stream.parameters.options ?? Wire.TrainingOptions())
        let tasks = try (stream.parameters.tasks ?? []).map(EvaluationTask.init)
        if stream.parameters.tasks != nil { try EvaluationTask.validate(tasks) }
        let training = try AnsweredTexts.all(stream.parameters.training)
        let row = try await domain.trainings.train(
            base, plan: plan, tasks: tasks, training: training, engine: stream.parameters.engine ?? false
        ) { progress in
            try await stream.sendIfMore(
                .init(
                    progress: Wire.TrainingProgress(
                        stage: progress.stage, step: progress.done, total: progress.total,
                        loss: progress.loss, secondsLeft: progress.secondsLeft)))
        }
        try await stream.finish(
            .init(generator: Wire.Generator(try await domain.generators.find(row.id))))
    }

    func cancelTraining(_ call: Methods.CancelTraining.Call) async throws -> Methods.CancelTraining.Reply {
        let base = try await domain.snapshots.base(named: call.parameters.base)
        return .init(cancelled: await domain.trainings.cancel(base.name))
    }

    func evaluateGenerator(_ stream: Methods.EvaluateGenerator.Stream) async throws {
        let base = try await domain.snapshots.base(named: stream.parameters.base)
        let options = try EvaluationOptions(stream.parameters)
        let tasks = try stream.parameters.tasks.map(EvaluationTask.init)
        try EvaluationTask.validate(tasks)
        let report = try await domain.evaluations.evaluate(
            base, generator: stream.parameters.generatorId, tasks: tasks,
            training: try AnsweredTexts.all(stream.parameters.training), options: options,
            engine: stream.parameters.engine ?? false, as: Wire.EvaluationReport.self
        ) { progress in
            try await stream.sendIfMore(
                .init(
                    progress: Wire.EvaluationProgress(
                        stage: progress.stage, done: progress.done, total: progress.total,
                        secondsLeft: progress.secondsLeft)))
        }
        try await stream.finish(.init(report: report))
    }
}

extension EvaluationOptions {
    /// The options of a call: both parts unless one is selected, and all methods unless some are named.
    fileprivate init(_ parameters: Methods.EvaluateGenerator.Parameters) throws(SgloradError) {
        self.init()
        let (heldOut, leaveOut) = (parameters.heldOut ?? false, parameters.leaveOut ?? false)
        self.heldOut = heldOut || !leaveOut
        self.leaveOut = leaveOut || !heldOut
        closedWorld = parameters.closedWorld ?? false
        guard !closedWorld || !(parameters.engine ?? false) else {
            throw .invalidRequest(
                field: "closedWorld",
                reason: "is set, but adapters are decoded for the text encoder alone, without an engine")
        }
        costs = parameters.costs ?? false
        if parameters.engine ?? false { methods = Self.answeredMethods }
        if let names = parameters.methods, !names.isEmpty { methods = try Self.methods(named: names) }
        if let seed = parameters.seed {
            guard (0..<Intent.seedLimit).contains(seed) else {
                throw .invalidRequest(
                    field: "seed", reason: "is \(seed); it must be 0 to \(Intent.seedLimit - 1)")
            }
            self.seed = UInt64(seed)
        }
        if let queries = parameters.queries {
            guard queries > 0 else {
                throw .invalidRequest(field: "queries", reason: "is \(queries); it must be at least 1")
            }
            self.queries = queries
        }
        if let name = parameters.labels {
            guard let labels = Labels(rawValue: name) else {
                throw .invalidRequest(field: "labels", reason: "is '\(name)'; it must be pool or own")
            }
            self.labels = labels
        }
    }
}

extension EvaluationTask {
    /// A task as a caller sends it.
    fileprivate init(_ task: Wire.EvaluationTask) throws(SgloradError) {
        let split = try task.split.map { name throws(SgloradError) in
            guard let known = Split(rawValue: name) else {
                throw .invalidRequest(
                    field: "tasks",
                    reason: "holds the task '\(task.name)' with the split '\(name)'; use expert or heldout")
            }
            return known
        }
        self.init(
            name: task.name, description: task.description, split: split, family: task.family ?? "",
            pool: task.pool, queries: task.queries.map { Query(text: $0.text, answer: $0.answer) },
            examples: task.examples?.map { Example(text: $0.text, answer: $0.answer) }, oracle: task.oracle)
    }
}

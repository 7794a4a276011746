internal import ErrorModel
internal import Generation
internal import Synchronization
internal import TextEncoding

/// The parts of an evaluation, in the order of the report; raw values are their names in the report.
enum EvaluationPart: String, CaseIterable, Sendable {
    /// Tasks that no expert was trained on, judged with the whole library.
    case heldOut = "held-out"
    /// The experts' own tasks, each judged without the fold of its expert.
    case leaveOut = "leave-out"
}

/// The tasks of each part of an evaluation, and notes on the tasks that belong to none.
struct EvaluationParts: Sendable {
    let heldOut: [EvaluationTask]
    let leaveOut: [EvaluationTask]
    /// Why the other tasks are not judged.
    let notes: [String]

    /// Assigns tasks to parts by their declared splits and the experts' names.
    init(_ tasks: [EvaluationTask], experts: Set<String>, options: EvaluationOptions) {
        var (heldOut, leaveOut): ([EvaluationTask], [EvaluationTask]) = ([], [])
        var (unknown, seen): ([String], [String]) = ([], [])
        for task in tasks {
            switch (experts.contains(task.name), task.split) {
            case (false, .expert): unknown.append(task.name)
            case (true, .heldOut): seen.append(task.name)
            case (true, _): leaveOut.append(task)
            case (false, _): heldOut.append(task)
            }
        }
        self.heldOut = options.heldOut ? heldOut : []
        self.leaveOut = options.leaveOut ? leaveOut : []
        var notes: [String] = []
        if !unknown.isEmpty, options.leaveOut {
            notes.append(
                "\(Self.count(unknown)) not judged: the split is expert, but the library has no expert of that name: "
                    + unknown.joined(separator: ", "))
        }
        if !seen.isEmpty {
            notes.append(
                "\(Self.count(seen)) not judged: the split is heldout, but an expert of that name was trained on it: "
                    + seen.joined(separator: ", "))
        }
        self.notes = notes
    }

    private static func count(_ names: [String]) -> String {
        names.count == 1 ? "1 task is" : "\(names.count) tasks are"
    }
}

/// The scopes that tasks are judged in: the whole library for held-out tasks, one per fold for leave-out
/// tasks.
struct ScopePlan {
    /// A scope whose generators are not trained yet.
    private struct Draft: Sendable {
        let part: EvaluationPart
        let id: String
        let library: Library
        let generator: GuidedGenerator?
        let tasks: [EvaluationTask]
    }

    /// A generator to be trained.
    private struct Job: Sendable {
        /// The index of its draft.
        let draft: Int
        let library: Library
        let kind: Kind
    }

    /// What is trained on a fold.
    private enum Kind: Sendable, Hashable {
        case generator
        case deterministic
        case system(GeneratorSystem)
    }

    /// What was trained.
    private enum Trained: Sendable {
        case generator(GuidedGenerator)
        case system(GuidedSystem)
    }

    private let evaluation: EvaluationRun
    private let drafts: [Draft]

    init(_ evaluation: EvaluationRun, _ parts: EvaluationParts) {
        self.evaluation = evaluation
        var drafts: [Draft] = []
        if !parts.heldOut.isEmpty {
            drafts.append(
                Draft(
                    part: .heldOut, id: "held-out", library: evaluation.library,
                    generator: evaluation.generator, tasks: parts.heldOut))
        }
        for (place, names) in evaluation.library.folds.enumerated() {
            let tasks = parts.leaveOut.filter { names.contains($0.name) }
            guard !tasks.isEmpty else { continue }
            drafts.append(
                Draft(
                    part: .leaveOut, id: "fold-\(place)", library: evaluation.library.excluding(Set(names)),
                    generator: nil, tasks: tasks))
        }
        self.drafts = drafts
    }

    /// Trains the missing generators, and returns every task with its part and scope.
    func scopes(
        _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> [(part: EvaluationPart, scope: MethodScope, task: EvaluationTask)] {
        let jobs = jobs()
        let trained = try run(jobs, progress)
        let nonsense = try evaluation.encoder.encode(StandardMethod.nonsense).embedding
        var result: [(part: EvaluationPart, scope: MethodScope, task: EvaluationTask)] = []
        for (place, draft) in drafts.enumerated() {
            func own(_ kind: Kind) -> Trained? {
                zip(jobs, trained).first { $0.0.draft == place && $0.0.kind == kind }?.1
            }
            func generatorOf(_ kind: Kind) -> GuidedGenerator? {
                if case .generator(let generator)? = own(kind) { generator } else { nil }
            }
            var systems: [GeneratorSystem: GuidedSystem] = [:]
            for (system, known) in evaluation.systems {
                if draft.part == .heldOut { systems[system] = known.guided }
                if case .system(let guided)? = own(.system(system)) { systems[system] = guided }
            }
            let generator = draft.generator ?? generatorOf(.generator)
            let scope = MethodScope(
                id: draft.id, library: draft.library, oracles: evaluation.library, generator: generator,
                deterministic: generatorOf(.deterministic), systems: systems,
                records: records(generator, systems),
                states: { [encoder = evaluation.encoder] text throws(SgloradError) in
                    try encoder.states(of: text)
                },
                seed: evaluation.options.seed, nonsense: nonsense,
                auto: evaluation.auto)
            for task in draft.tasks { result.append((draft.part, scope, task)) }
        }
        return result
    }

    /// The records of a scope's generators, with the verdicts of those that serve: a fold's choice is what a request would get.
    private func records(
        _ generator: GuidedGenerator?, _ systems: [GeneratorSystem: GuidedSystem]
    ) -> [GeneratorRecord] {
        var records: [GeneratorRecord] = []
        if var record = generator?.generator.record {
            record.verdict = evaluation.generator?.generator.record.verdict ?? record.verdict
            records.append(record)
        }
        for system in GeneratorSystem.taskTrained {
            guard var record = systems[system]?.generator.record else { continue }
            record.verdict = evaluation.systems[system]?.guided.generator.record.verdict
            records.append(record)
        }
        return records
    }

    private func jobs() -> [Job] {
        let methods = Set(evaluation.options.methods)
        let wantsGenerator =
            methods.contains { $0.needsGenerator || $0 == .auto || $0 == .weightedTuned }
            || drafts.contains { $0.tasks.contains { $0.examples != nil } }
        let wanted = GeneratorSystem.taskTrained.filter { system in
            evaluation.systems[system] != nil
                && (methods.contains(.auto) || methods.contains { $0.taskTrained?.system == system })
        }
        var jobs: [Job] = []
        for (place, draft) in drafts.enumerated() {
            let isFold = draft.part == .leaveOut
            if isFold, wantsGenerator {
                jobs.append(Job(draft: place, library: draft.library.native, kind: .generator))
            }
            if methods.contains(.deterministic), isFold || draft.generator != nil {
                let library = draft.generator?.library ?? draft.library.native
                jobs.append(Job(draft: place, library: library, kind: .deterministic))
            }
            if isFold {
                let library = draft.library.native
                jobs += wanted.filter { evaluation.systems[$0]?.canTrain(library) ?? false }.map {
                    Job(draft: place, library: library, kind: .system($0))
                }
            }
        }
        return jobs
    }

    private func steps(_ kind: Kind) -> Int {
        if case .system(let system) = kind {
            evaluation.systems[system]?.steps ?? 0
        } else {
            evaluation.steps
        }
    }

    private func run(
        _ jobs: [Job], _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> [Trained] {
        guard !jobs.isEmpty else { return [] }
        let total = jobs.reduce(0) { $0 + steps($1.kind) }
        let counter = ProgressCounter(.training, total: total, progress)
        return try Workers.map(jobs.count, threads: evaluation.options.threads) {
            index throws(SgloradError) -> Trained in
            let job = jobs[index]
            if case .system(let name) = job.kind, let system = evaluation.systems[name] {
                let generator = try system.train(job.library) { _ in counter.add(1) }
                return .system(GuidedSystem(generator: generator, library: job.library))
            }
            let generator = try evaluation.train(job.library, job.kind == .deterministic) { _ in
                counter.add(1)
            }
            return .generator(GuidedGenerator(generator: generator, library: job.library))
        }
    }
}

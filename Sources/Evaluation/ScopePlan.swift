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
    /// The experts' own tasks with these experts in the library: what a generator can reproduce, not what it can generate.
    case closedWorld = "closed-world"
}

/// The tasks of each part of an evaluation, and notes on the tasks that belong to none.
struct EvaluationParts: Sendable {
    let heldOut: [EvaluationTask]
    let leaveOut: [EvaluationTask]
    /// The experts' own tasks that have examples to be judged with in the closed world.
    let closedWorld: [EvaluationTask]
    /// Why the other tasks are not judged.
    let notes: [String]

    /// Assigns tasks to parts by their declared splits and the experts' names.
    ///
    /// - Parameters:
    ///   - tasks: the tasks.
    ///   - experts: the experts' names.
    ///   - options: the parts that are judged.
    ///   - system: what is judged in the closed world; nil for none.
    init(
        _ tasks: [EvaluationTask], experts: Set<String>, options: EvaluationOptions,
        system: ExampleSystem? = nil
    ) {
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
        let closed = options.closedWorld ? leaveOut.filter { system?.closed($0.name) != nil } : []
        closedWorld = closed
        if options.closedWorld, system == nil {
            notes.append("there is no generator of icm-lora, so nothing is judged in the closed world")
        } else if options.closedWorld, closed.count < leaveOut.count {
            let others = leaveOut.map(\.name).filter { name in !closed.contains { $0.name == name } }
            notes.append(
                "not judged in the closed world, for want of \(AnsweredExamples.fewest) answered texts beside the queries: "
                    + others.joined(separator: ", "))
        }
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
        case examples(ExampleSystem.Variant)
    }

    /// What was trained.
    private enum Trained: Sendable {
        case generator(GuidedGenerator)
        case system(GuidedSystem)
        case examples(GuidedExampleGenerator)
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
        if !parts.closedWorld.isEmpty {
            drafts.append(
                Draft(
                    part: .closedWorld, id: "closed-world", library: evaluation.library,
                    generator: evaluation.generator, tasks: parts.closedWorld))
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
                if draft.part != .leaveOut { systems[system] = known.guided }
                if case .system(let guided)? = own(.system(system)) { systems[system] = guided }
            }
            let generator = draft.generator ?? generatorOf(.generator)
            var examples: [ExampleSystem.Variant: GuidedExampleGenerator] = [:]
            if draft.part != .leaveOut { examples[.own] = evaluation.examples?.guided }
            for variant in ExampleSystem.Variant.allCases {
                if case .examples(let guided)? = own(.examples(variant)) { examples[variant] = guided }
            }
            let scope = MethodScope(
                id: draft.id, library: draft.library, oracles: evaluation.library, generator: generator,
                deterministic: generatorOf(.deterministic), systems: systems,
                examples: examples, closed: try closed(draft),
                records: records(generator, systems, examples[.own]),
                states: { [encoder = evaluation.encoder] text throws(SgloradError) in
                    try encoder.states(of: text)
                },
                seed: evaluation.options.seed, nonsense: nonsense,
                auto: evaluation.auto)
            for task in draft.tasks { result.append((draft.part, scope, task)) }
        }
        return result
    }

    /// The task vectors of a draft's tasks in the closed world, by the tasks' names; nil in other parts.
    private func closed(_ draft: Draft) throws(SgloradError) -> [String: TaskVector]? {
        guard draft.part == .closedWorld else { return nil }
        var vectors: [String: TaskVector] = [:]
        for task in draft.tasks {
            guard let own = evaluation.examples?.closed(task.name) else { continue }
            vectors[task.name] = try evaluation.encoder.examples(own).whole
        }
        return vectors
    }

    /// The records of a scope's generators, with the verdicts of those that serve: a fold's choice is what a request would get.
    private func records(
        _ generator: GuidedGenerator?, _ systems: [GeneratorSystem: GuidedSystem],
        _ examples: GuidedExampleGenerator?
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
        if var record = examples?.generator.record {
            record.verdict = evaluation.examples?.guided.generator.record.verdict
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
        for (place, draft) in drafts.enumerated() where draft.part == .closedWorld {
            jobs += exampleJobs(place, draft)
        }
        for (place, draft) in drafts.enumerated() where draft.part != .closedWorld {
            let isFold = draft.part == .leaveOut
            if isFold, wantsGenerator {
                jobs.append(Job(draft: place, library: draft.library.native, kind: .generator))
            }
            if methods.contains(.deterministic), isFold || draft.generator != nil {
                let library = draft.generator?.library ?? draft.library.native
                jobs.append(Job(draft: place, library: library, kind: .deterministic))
            }
            if draft.tasks.contains(where: { $0.examples != nil }) { jobs += exampleJobs(place, draft) }
            if isFold {
                let library = draft.library.native
                jobs += wanted.filter { evaluation.systems[$0]?.canTrain(library) ?? false }.map {
                    Job(draft: place, library: library, kind: .system($0))
                }
            }
        }
        return jobs
    }

    /// What is trained of icm-lora for a draft: the generator itself on a fold, and the ablations that are judged.
    private func exampleJobs(_ place: Int, _ draft: Draft) -> [Job] {
        guard let system = evaluation.examples else { return [] }
        let library = draft.part == .leaveOut ? draft.library.native : system.guided.library
        guard system.canTrain(library) else { return [] }
        let methods = evaluation.options.methods
        return ExampleSystem.Variant.allCases.filter { variant in
            if variant == .own, draft.part != .leaveOut { return false }
            return methods.contains { $0.exampleVariant == variant }
                || variant == .own && methods.contains(.auto)
        }.map { Job(draft: place, library: library, kind: .examples($0)) }
    }

    private func steps(_ job: Job) -> Int {
        switch job.kind {
        case .generator, .deterministic: evaluation.steps
        case .system(let system): evaluation.systems[system]?.steps ?? 0
        case .examples: evaluation.examples?.steps(on: job.library) ?? 0
        }
    }

    private func run(
        _ jobs: [Job], _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> [Trained] {
        guard !jobs.isEmpty else { return [] }
        let total = jobs.reduce(0) { $0 + steps($1) }
        let names = jobs.reduce(into: Set<String>()) { names, job in
            if case .examples = job.kind { names.formUnion(job.library.experts.map(\.name)) }
        }
        let examples = try evaluation.examples?.encoded(names, threads: evaluation.options.threads) ?? [:]
        let counter = ProgressCounter(.training, total: total, progress)
        return try Workers.map(jobs.count, threads: evaluation.options.threads) {
            index throws(SgloradError) -> Trained in
            let job = jobs[index]
            if case .system(let name) = job.kind, let system = evaluation.systems[name] {
                let generator = try system.train(job.library) { _ in counter.add(1) }
                return .system(GuidedSystem(generator: generator, library: job.library))
            }
            if case .examples(let variant) = job.kind, let system = evaluation.examples {
                return .examples(
                    try system.train(job.library, variant, examples) { counter.add(1) })
            }
            let generator = try evaluation.train(job.library, job.kind == .deterministic) { _ in
                counter.add(1)
            }
            return .generator(GuidedGenerator(generator: generator, library: job.library))
        }
    }
}

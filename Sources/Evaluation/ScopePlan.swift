internal import ErrorModel
internal import Generation
internal import Synchronization
internal import TextEncoding

/// The scopes that tasks are judged in: the whole library for held-out tasks, and for each fold what it leaves.
struct ScopePlan {
    /// One scope before its generators are trained.
    private struct Draft: Sendable {
        let part: String
        let id: String
        let library: Library
        let generator: GuidedGenerator?
        let tasks: [EvaluationTask]
    }

    /// A generator that is still to be trained.
    private struct Job: Sendable {
        let draft: Int
        let library: Library
        let deterministic: Bool
    }

    private let evaluation: EvaluationRun
    private let drafts: [Draft]

    init(_ evaluation: EvaluationRun, _ parts: EvaluationParts) {
        self.evaluation = evaluation
        var drafts: [Draft] = []
        if !parts.heldOut.isEmpty {
            drafts.append(
                Draft(
                    part: "held-out", id: "held-out", library: evaluation.library,
                    generator: evaluation.generator,
                    tasks: parts.heldOut))
        }
        for (place, names) in ExpertFolds(names: evaluation.library.experts.map(\.name)).folds.enumerated() {
            let tasks = parts.leaveOut.filter { names.contains($0.name) }
            guard !tasks.isEmpty else { continue }
            let rest = evaluation.library.experts.filter { !names.contains($0.name) }
            drafts.append(
                Draft(
                    part: "leave-out", id: "fold-\(place)",
                    library: Library(layout: evaluation.library.layout, experts: rest), generator: nil,
                    tasks: tasks))
        }
        self.drafts = drafts
    }

    /// Trains what is missing, and hands out every task with its part and scope, in the order of the scopes.
    func scopes(
        _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> [(part: String, scope: MethodScope, task: EvaluationTask)] {
        let jobs = jobs()
        let trained = try run(jobs, progress)
        let nonsense = try evaluation.encoder.encode(StandardMethod.nonsense).embedding
        var result: [(part: String, scope: MethodScope, task: EvaluationTask)] = []
        for (place, draft) in drafts.enumerated() {
            func own(_ deterministic: Bool) -> GuidedGenerator? {
                zip(jobs, trained).first { $0.0.draft == place && $0.0.deterministic == deterministic }?.1
            }
            let scope = MethodScope(
                id: draft.id, library: draft.library, oracles: evaluation.library,
                generator: draft.generator ?? own(false), deterministic: own(true),
                seed: evaluation.options.seed,
                nonsense: nonsense, auto: evaluation.auto)
            for task in draft.tasks { result.append((draft.part, scope, task)) }
        }
        return result
    }

    private func jobs() -> [Job] {
        let methods = Set(evaluation.options.methods)
        let wantsGenerator = methods.contains { $0.needsGenerator || $0 == .auto || $0 == .weightedTuned }
        var jobs: [Job] = []
        for (place, draft) in drafts.enumerated() {
            let isFold = draft.part == "leave-out"
            if isFold, wantsGenerator {
                jobs.append(Job(draft: place, library: draft.library.native, deterministic: false))
            }
            if methods.contains(.deterministic), isFold || draft.generator != nil {
                jobs.append(
                    Job(
                        draft: place, library: draft.generator?.library ?? draft.library.native,
                        deterministic: true)
                )
            }
        }
        return jobs
    }

    private func run(
        _ jobs: [Job], _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> [GuidedGenerator] {
        guard !jobs.isEmpty else { return [] }
        let total = jobs.count * evaluation.steps
        let done = Mutex(0)
        progress(EvaluationProgress(stage: .training, done: 0, total: total))
        return try Workers.map(jobs.count, threads: evaluation.options.threads) {
            index throws(SgloradError) in
            let job = jobs[index]
            let generator = try evaluation.train(job.library, job.deterministic) { _ in
                done.withLock { done in
                    done += 1
                    progress(EvaluationProgress(stage: .training, done: done, total: total))
                }
            }
            return GuidedGenerator(generator: generator, library: job.library)
        }
    }
}

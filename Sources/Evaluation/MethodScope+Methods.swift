internal import ErrorModel
internal import Generation
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

extension MethodScope {
    private typealias Adapter = EvaluationMethod.Adapter

    /// A method by its name.
    public func method(_ method: StandardMethod) -> EvaluationMethod {
        EvaluationMethod(name: method.rawValue) { task, embedding throws(SgloradError) in
            try adapter(method, task, embedding)
        }
    }

    private func adapter(
        _ method: StandardMethod, _ task: EvaluationTask, _ embedding: [Float]
    ) throws(SgloradError) -> Adapter? {
        switch method {
        case .base: return .base
        case .oracle: return oracles.experts.first { $0.name == task.name }.map(expert)
        case .nearest:
            let nearest = neighbourhood(embedding, .paper).members.first
            return nearest.map { expert(library.experts[$0.expert]) }
        case .mean:
            let none = neighbourhood(embedding, .paper)
            return own(method, nil) { [library, seed] () throws(SgloradError) in
                try MeanGenerator().parameters(guidedBy: none, in: library, seed: seed)
            }
        case .equal: return weighted(method, task, neighbourhood(embedding, .paper).equallyWeighted)
        case .weighted: return weighted(method, task, neighbourhood(embedding, .paper))
        case .weightedTuned: return weighted(method, task, neighbourhood(embedding, tuned))
        case .sum: return sum(task, neighbourhood(embedding, .paper))
        case .sgLoRAMean: return generated(method, task, by: generator, embedding, .mean)
        case .sgLoRA: return generated(method, task, by: generator, embedding, .sample)
        case .sgLoRADensest: return generated(method, task, by: generator, embedding, .densest(of: 8))
        case .deterministic: return generated(method, task, by: deterministic, embedding, .mean)
        case .sgLoRANonsense: return generated(method, nil, by: generator, nonsense, .sample)
        case .auto:
            let choice = try auto(AutoCase(embedding: embedding, library: library, generator: generator))
            return choice == .auto ? .base : try adapter(choice, task, embedding)
        }
    }

    /// The guidance that the generator was trained with.
    private var tuned: GuidanceOptions { generator?.generator.record.plan.guidance ?? .standard }

    private func neighbourhood(_ embedding: [Float], _ options: GuidanceOptions) -> Neighbourhood {
        Neighbourhood(
            proximities: library.index.proximities(to: embedding, by: options.measure), options: options)
    }

    /// An adapter of this scope; without a task it is the same for all.
    private func own(
        _ method: StandardMethod, _ task: EvaluationTask?,
        _ make: @escaping @Sendable () throws(SgloradError) -> [Float]
    ) -> Adapter {
        .parameters(id: "\(id)/\(method.rawValue)/\(task?.name ?? "")", make: make)
    }

    /// An expert's mean is the same adapter in every scope.
    private func expert(_ expert: LibraryExpert) -> Adapter {
        .parameters(id: "expert/\(expert.digest)") { () throws(SgloradError) in expert.mean.array }
    }

    private func weighted(
        _ method: StandardMethod, _ task: EvaluationTask, _ neighbourhood: Neighbourhood
    ) -> Adapter {
        own(method, task) { [library] () throws(SgloradError) in
            try library.merged(neighbourhood)
        }
    }

    private func sum(_ task: EvaluationTask, _ neighbourhood: Neighbourhood) -> Adapter {
        own(.sum, task) { [library] () throws(SgloradError) in
            try LowRankSum.compressed(
                neighbourhood.members.map {
                    LowRankSum.Term(weight: $0.weight, parameters: library.experts[$0.expert].mean)
                }, on: library.layout)
        }
    }

    private func generated(
        _ method: StandardMethod, _ task: EvaluationTask?, by guided: GuidedGenerator?, _ embedding: [Float],
        _ sampling: SemanticGuidedGenerator.Sampling
    ) -> Adapter? {
        guard let guided else { return nil }
        let neighbourhood = guided.generator.neighbourhood(of: embedding, in: guided.library)
        let seed = task.map(seed(of:)) ?? seed
        return own(method, task) { () throws(SgloradError) in
            try guided.generator.parameters(
                guidedBy: neighbourhood, in: guided.library, seed: seed, sampling: sampling)
        }
    }
}

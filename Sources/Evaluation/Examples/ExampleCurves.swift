internal import ErrorModel
internal import Generation
internal import LinearAlgebra
internal import SemanticGuidance
internal import TextEncoding

/// Judges what examples are worth: makes the adapters of requests with none, few and many examples, and ranks with each.
///
/// What a request does with examples is done by the same functions: ``ExampleCentroid``, the default strategy, and
/// ``Refinement``, which here is ended by its steps alone and never by the time.
struct ExampleCurves {
    private typealias Entry = (part: EvaluationPart, scope: MethodScope, task: EvaluationTask)

    /// The curves of the parts, and what was left out.
    struct Result {
        var curves: [ExampleCurve] = []
        var notes: [String] = []
    }

    private let evaluation: EvaluationRun
    private let ranker: TaskEncoder

    init(_ evaluation: EvaluationRun, _ ranker: TaskEncoder) {
        self.evaluation = evaluation
        self.ranker = ranker
    }

    /// Judges the tasks that have examples, each in its own scope: an expert's task without the experts of its fold.
    ///
    /// - Throws: `invalidFile` if an adapter makes an embedding overflow; what a generator throws.
    func run(
        _ scopes: [(part: EvaluationPart, scope: MethodScope, task: EvaluationTask)],
        _ progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> Result {
        var result = Result()
        let fewest = AnsweredExamples.fewest
        let few = scopes.filter { ($0.task.examples?.count ?? fewest) < fewest }.map(\.task.name)
        if !few.isEmpty {
            result.notes.append(
                "with fewer than \(fewest) examples, a task has no curve: \(few.joined(separator: ", "))")
        }
        typealias Plan = (part: EvaluationPart, entries: [Entry], points: [ExamplePoint])
        let plans = EvaluationPart.allCases.compactMap { part -> Plan? in
            let entries = scopes.filter { $0.part == part && ($0.task.examples?.count ?? 0) >= fewest }
            guard let most = entries.map({ $0.task.examples?.count ?? 0 }).min() else { return nil }
            // What all of the tasks can be judged by: a fold may have left too little to train on.
            let variants = ExampleSystem.Variant.allCases.filter { variant in
                evaluation.options.methods.contains { $0.exampleVariant == variant }
                    && entries.allSatisfy { $0.scope.examples[variant] != nil }
            }
            return (part, entries, ExamplePoint.all(upTo: most, hasOther: entries.count > 1, Set(variants)))
        }
        guard !plans.isEmpty else { return result }
        let counter = ProgressCounter(
            .refining, total: plans.reduce(0) { $0 + $1.entries.count * $1.points.count }, progress)
        for (part, entries, points) in plans {
            var judged: [JudgedExamples] = []
            for (place, entry) in entries.enumerated() {
                // The control's examples are the next task's.
                let other = entries[(place + 1) % entries.count].task.examples ?? []
                judged.append(try judge(entry, at: points, other: other) { counter.add(1) })
            }
            result.curves.append(
                ExampleCurve(
                    part.rawValue, judged, at: points, resamples: evaluation.options.resamples,
                    seed: evaluation.options.seed))
        }
        return result
    }

    private func judge(
        _ entry: Entry, at points: [ExamplePoint], other: [EvaluationTask.Example], _ done: () -> Void
    ) throws(SgloradError) -> JudgedExamples {
        let (_, scope, task) = entry
        let own = task.examples ?? []
        // One after the other: a refinement computes on two threads, and its time is reported.
        var adapters: [(parameters: [Float]?, seconds: Double)] = []
        for point in points {
            let examples = (point.kind.isAnothers ? other : own).prefix(point.count)
            let clock = ContinuousClock()
            let start = clock.now
            let parameters = try request(task, scope, examples: Array(examples), point.kind)
            adapters.append((parameters, (clock.now - start) / .seconds(1)))
            done()
        }
        let expert = scope.oracles.experts.first { $0.name == task.name }?.mean.array
        let all: [[Float]?] = [nil] + adapters.map(\.parameters) + (expert.map { [$0] } ?? [])
        let rankings = try Workers.map(all.count, threads: evaluation.options.threads) {
            place throws(SgloradError) in
            try ranker.rankings(of: [task], with: all[place])[0]
        }
        return JudgedExamples(
            task: task, base: rankings[0],
            trained: expert == nil ? task.oracle : rankings.last?.figures.recallAt1,
            points: zip(rankings.dropFirst(), adapters).map { ($0, $1.seconds) })
    }

    /// Makes the adapter of a request with the task's description and some examples, as the daemon does.
    ///
    /// - Parameter kind: what the examples are, and what is made of them.
    /// - Returns: nil if the request would be refused, which leaves the base model.
    private func request(
        _ task: EvaluationTask, _ scope: MethodScope, examples: [EvaluationTask.Example],
        _ kind: ExampleCurve.Kind
    ) throws(SgloradError) -> [Float]? {
        let encoder = evaluation.encoder
        let described = try encoder.encode(task.description).embedding
        var embeddings: [[Float]] = []
        for example in examples { embeddings.append(try encoder.encode(example.text).embedding) }
        // The description alone decides whether the task is relevant, and so the strategy.
        var method = try evaluation.auto(
            AutoCase(
                embedding: described, library: scope.library, records: scope.records,
                hasExamples: !examples.isEmpty))
        let decoding = kind.variant ?? (method == .icmLoRA && kind != .merged ? .own : nil)
        var guiding =
            embeddings.isEmpty ? described : ExampleCentroid.blended(described, with: embeddings)
        if kind == .merged, method != .base {
            guard let vector = ExampleCentroid.taskVector(of: embeddings) else { return nil }
            (method, guiding) = (.weightedTuned, vector)
        }
        let answered = examples.compactMap { example in example.answer.map { (example.text, $0) } }
        let parameters: [Float]
        if let decoding, method != .base, method != .auto, !embeddings.isEmpty {
            var answers: [[Float]] = []
            if kind != .without, kind != .decodedWithout {
                for (_, answer) in answered { answers.append(try encoder.encode(answer).embedding) }
            }
            let vector = TaskVector(texts: embeddings, answers: answers)
            guard let made = try scope.parameters(decoding, task, described, vector) else { return nil }
            parameters = made
        } else {
            guard method != .auto, case .parameters(_, let make)? = try scope.adapter(method, task, guiding)
            else { return nil }
            parameters = try make()
        }
        guard kind == .with || kind == .another, !answered.isEmpty else { return parameters }
        let material = AnsweredExamples(encoder: encoder, examples: answered, labels: task.pool)
        guard material.obstacle == nil else { return parameters }
        return try Refinement(encoder: encoder, layout: scope.library.layout, examples: material).run(
            from: parameters, seed: scope.seed ^ StableHash.of(task.name), within: Self.unlimited,
            isCancelled: { false }
        ).parameters
    }

    /// More time than any refinement takes.
    private static let unlimited = Duration.seconds(86_400)
}

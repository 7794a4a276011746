internal import ErrorModel
internal import Evaluation
internal import Executors
internal import Files
internal import IntentQueue
internal import LowRank
internal import Privacy
internal import SpoolForms
internal import TextEncoding

/// What an intent's examples did, for the adapter's provenance.
struct ExampleUse: Sendable {
    var counts: Form.UsedExamples
    /// Why the adapter was not refined although there are answers; nil if it was, or if it was not to be.
    var warning: String?
}

extension AdapterPipeline {
    /// Refines a generated adapter with the intent's answered examples.
    ///
    /// - Parameters:
    ///   - adapter: the adapter as it was generated.
    ///   - taken: the request.
    ///   - encoder: the text encoder.
    ///   - stage: called at the beginning of the refinement and every second of it; an error that it throws ends it.
    /// - Returns: the adapter, refined if that could be done, and what the examples did; nil if the intent had none.
    func refined(
        _ adapter: LoRAAdapter, _ taken: TakenRequest, by encoder: SentenceEncoder,
        stage: @escaping StageReport
    ) async throws(SgloradError) -> (LoRAAdapter, ExampleUse?) {
        let options = taken.intent.options
        guard let material = taken.intent.material else { return (adapter, nil) }
        let answers = material.examples.compactMap(\.answer)
        let labels = Set(material.labels + answers).count
        var use = ExampleUse(
            counts: Form.UsedExamples(
                examples: material.examples.count, answered: answers.count, labels: labels))
        let seconds = options.refineSeconds.map(Double.init) ?? RefinementTime.standard
        guard !answers.isEmpty, seconds > 0 else { return (adapter, use) }
        if let obstacle = AnsweredExamples.obstacle(examples: answers.count, labels: labels) {
            use.warning = "not refined: \(obstacle)"
            return (adapter, use)
        }
        guard (try? encoder.check(adapter.layout)) != nil else {
            use.warning =
                "not refined: the base model is not the text encoder, and only that can be run here. The examples' texts "
                + "guided all the same"
            return (adapter, use)
        }
        let outcome = try await watched(taken, stage: stage) { isCancelled throws(SgloradError) in
            try Refinement(
                encoder: encoder, layout: adapter.layout,
                examples: AnsweredExamples(material, encoder: encoder)
            ).run(
                from: adapter.parameters, seed: options.seed, within: .seconds(seconds),
                isCancelled: isCancelled)
        }
        use.counts.steps = outcome.steps
        use.counts.kept = outcome.kept
        use.counts.outOfTime = outcome.isOutOfTime ? true : nil
        return (LoRAAdapter(layout: adapter.layout, parameters: outcome.parameters), use)
    }

    /// Runs a refinement, and asks every second whether it may go on, which also extends the request's lease.
    private func watched(
        _ taken: TakenRequest, stage: @escaping StageReport,
        _ body: @escaping @Sendable (@Sendable () -> Bool) throws(SgloradError) -> Refinement.Outcome
    ) async throws(SgloradError) -> Refinement.Outcome {
        try await stage(taken, .refining)
        let pool = refinements
        let result = await withTaskGroup(of: Result<Refinement.Outcome, SgloradError>?.self) { group in
            group.addTask {
                do throws(SgloradError) { return .success(try await pool.runInterruptible(body)) } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                do throws(SgloradError) {
                    while (try? await Task.sleep(for: Self.watchInterval)) != nil {
                        try await stage(taken, .refining)
                    }
                    return nil
                } catch {
                    return .failure(error)
                }
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            // The refinement polls; its thread must be free when the next one begins.
            await group.waitForAll()
            return first
        }
        guard let result else { throw .cancelled("the daemon is stopping") }
        return try result.get()
    }

    private static let watchInterval = Duration.seconds(1)
}

extension AnsweredExamples {
    /// The answered examples of an intent, and its labels.
    init(_ material: TaskMaterial, encoder: SentenceEncoder) {
        self.init(
            encoder: encoder,
            examples: material.examples.compactMap { example in
                example.answer.map { (example.text.revealed, $0.revealed) }
            }, labels: material.labels.map(\.revealed))
    }
}

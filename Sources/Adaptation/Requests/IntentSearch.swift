internal import ErrorModel
internal import ExpertLibrary
internal import Generation
internal import IntentQueue
internal import SemanticGuidance
internal import TextEncoding

/// The first half of an intent's guidance: the strategy, and which experts are nearest, by their embeddings alone.
///
/// The experts are then read, and ``GuidedIntent`` is made of both.
struct IntentSearch: Sendable {
    let strategy: AdapterStrategy
    /// The generator that implements the strategy.
    let generator: any AdapterGenerator
    let options: GuidanceOptions
    /// The experts that may guide: those the generator was trained on where the strategy needs one, else all.
    let library: SnapshotLibrary
    /// The nearest experts, nearest first, at least as many as are listed.
    let nearest: [ExpertSearch.Hit]
    let neighbourhood: Neighbourhood
    let relevance: Relevance
    /// What a generator that reads the description or the examples makes the adapter of.
    let condition: TaskCondition
    /// The serving generator of the strategy's system; nil for a strategy that needs none.
    let serving: BaseSnapshot.Serving?
    /// Why `auto` chose the strategy; nil if the caller chose.
    let choice: String?
    /// Whether the library has experts that the serving generator was not trained on.
    let isStale: Bool

    /// How many of the nearest experts an explanation lists, at least.
    static let listed = 10

    /// Searches a snapshot.
    ///
    /// - Parameters:
    ///   - intent: the intent.
    ///   - encoding: its text's embedding, by which it is relevant or not.
    ///   - examples: the embeddings of its examples, which guide beside it.
    ///   - snapshot: the base's.
    /// - Throws: `emptyLibrary`, `generatorUnavailable`, `invalidIntent`.
    init(
        _ intent: QueuedIntent, encoding: Encoding, examples: ExampleEmbeddings, snapshot: BaseSnapshot
    ) throws(SgloradError) {
        let base = snapshot.base.name
        guard snapshot.library.count > 0 else {
            throw .emptyLibrary(base)
        }
        let asked = intent.options.strategy.flatMap(AdapterStrategy.init(rawValue:)) ?? .auto
        let auto = snapshot.automatic(hasExamples: !examples.texts.isEmpty)
        (strategy, choice) = asked == .auto ? (auto.strategy, auto.reason) : (asked, nil)
        switch strategy {
        case .auto, .sgLoRA, .multiTask, .metaLoRA, .loRAGen, .icmLoRA:
            let system = strategy.system ?? .sgLoRA
            guard let found = snapshot.serving[system] else { throw Self.unavailable(system, in: snapshot) }
            // A file from elsewhere may say that it is of this encoder and hold other widths.
            if let width = found.generator.record.learned?.dimension, width != encoding.embedding.count {
                throw Self.unavailable(
                    system, base: base,
                    reason: "\(found.id) reads embeddings of \(width) numbers, and the text encoder's have "
                        + "\(encoding.embedding.count)")
            }
            serving = found
            generator = found.generator
        case .weighted, .weightedExamples:
            serving = nil
            generator = WeightedGenerator()
        case .nearest:
            serving = nil
            generator = NearestGenerator()
        case .mean:
            serving = nil
            generator = MeanGenerator()
        }
        // The other strategies guide, and refuse, as sg-lora does.
        let usual = snapshot.serving[.sgLoRA]
        options = try GuidanceOptions(
            intent.options, defaults: (serving ?? usual)?.generator.record.plan.guidance ?? .standard)
        library = serving?.library ?? snapshot.library
        isStale = serving.map { $0.digest != snapshot.digest } ?? false
        let count = max(options.topK, Self.listed)
        let described = library.index.search(encoding.embedding, by: options.measure, count: count)
        condition = TaskCondition(
            embedding: examples.texts.isEmpty
                ? encoding.embedding : ExampleCentroid.blended(encoding.embedding, with: examples.texts),
            examples: examples.taskVector)
        let found: ExpertSearch
        if strategy == .weightedExamples {
            guard let vector = ExampleCentroid.taskVector(of: examples.texts) else { throw Self.undirected }
            found = library.index.search(vector, by: options.measure, count: count)
        } else if examples.texts.isEmpty || strategy == .icmLoRA {
            // Whether a description is relevant is no question of the examples.
            found = described
        } else {
            found = library.index.search(condition.embedding, by: options.measure, count: count)
        }
        neighbourhood =
            serving?.generator.neighbourhood(found, examples: condition.examples, options: options)
            ?? found.neighbourhood(options)
        if case .icmLoRA(let generator)? = serving?.generator, let vector = condition.examples {
            nearest = library.index.hits(
                generator.nearest(to: vector, count: count), to: condition.embedding)
        } else {
            nearest = found.nearest
        }
        let threshold = (serving ?? usual)?.generator.record.threshold ?? Relevance.standardThreshold
        guard let relevance = Relevance(described, threshold: threshold) else {
            throw .internal("a library with experts has no proximities")
        }
        self.relevance = relevance
    }

    /// The experts that must be read to generate: those that guide, and the most relevant one for its name.
    var guiding: Set<Int> { Set(neighbourhood.members.map(\.expert) + [relevance.nearest]) }

    private static let undirected = SgloradError.invalidIntent(
        field: "examples",
        reason: "cancel each other out: their texts have no common direction. Send others, or choose the "
            + "strategy weighted")

    private static func unavailable(_ system: GeneratorSystem, in snapshot: BaseSnapshot) -> SgloradError {
        let base = snapshot.base.name
        let reason =
            snapshot.generators.first { $0.record.system == system }
            .map { "\($0.row.id) is disabled: \($0.reason ?? "")" } ?? "there is none"
        return unavailable(system, base: base, reason: reason)
    }

    private static func unavailable(
        _ system: GeneratorSystem, base: String, reason: String
    ) -> SgloradError {
        let options = system == .sgLoRA ? "" : " --system \(system.rawValue) --tasks DIR"
        return SgloradError(
            .generatorUnavailable,
            "The strategy \(system.rawValue) needs a generator of its own for '\(base)', and \(reason). Train one with "
                + "'sglorad-ctl generator train --base \(base)\(options)', or choose the strategy weighted.",
            parameters: ["base": .string(base), "reason": .string(reason)])
    }
}

extension LibrarySnapshots {
    /// The guidance of an intent from the library of a base.
    ///
    /// - Parameters:
    ///   - intent: the intent.
    ///   - encoding: its text's embedding.
    ///   - examples: the embeddings of its examples.
    ///   - encoder: the encoder that computed them.
    ///   - base: the base.
    ///   - isListed: whether the experts after those that guide are read too, to be listed.
    ///   - run: runs the search, which computes for some milliseconds at most.
    /// - Throws: `emptyLibrary`, `generatorUnavailable`, `invalidIntent`; what reading the library throws.
    func guide(
        _ intent: QueuedIntent, encoding: Encoding, examples: ExampleEmbeddings = ExampleEmbeddings(),
        by encoder: SentenceEncoder,
        base: BaseRecord,
        listing isListed: Bool = false,
        run:
            @Sendable (@escaping @Sendable () throws(SgloradError) -> IntentSearch) async throws(SgloradError)
            -> IntentSearch
    ) async throws(SgloradError) -> GuidedIntent {
        try await attempt(base) { (snapshot) throws(SgloradError) in
            let search = try await run { () throws(SgloradError) in
                try IntentSearch(intent, encoding: encoding, examples: examples, snapshot: snapshot)
            }
            var wanted = search.guiding
            if isListed { wanted.formUnion(search.nearest.map(\.expert)) }
            var library = GuidingLibrary(
                layout: search.library.base.layout,
                experts: try await self.experts(wanted, of: search.library),
                snapshot: search.serving?.generator.record.experts)
            if search.strategy == .mean, !isListed {
                library.all = try await self.mean(of: search.library)
            }
            return GuidedIntent(intent, search, library, encoding: encoding, by: encoder)
        }
    }
}

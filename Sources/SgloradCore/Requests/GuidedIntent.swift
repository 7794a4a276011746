internal import ErrorModel
internal import ExpertCache
internal import Generation
internal import IntentQueue
internal import SemanticGuidance
internal import TextEncoding

/// An intent that guidance has looked at: which experts guide it, by which strategy, and whether it is relevant at all.
struct GuidedIntent: Sendable {
    let strategy: AdapterStrategy
    /// The way in which the strategy makes parameters.
    let generator: any AdapterGenerator
    let options: GuidanceOptions
    /// The experts that may guide: the generator's own under `sg-lora`, else all.
    let library: Library
    /// That library's digest.
    let libraryDigest: String
    let neighbourhood: Neighbourhood
    let relevance: Relevance
    let plain: [Float]
    let centred: [Float]
    /// The generator that serves, under `sg-lora`.
    let serving: BaseSnapshot.Serving?
    /// Why the strategy was taken, where `auto` took it.
    let choice: String?
    /// What the caller ought to know.
    let warnings: [String]

    /// Guides an intent by a library.
    ///
    /// - Throws: `emptyLibrary`, `generatorUnavailable`, `invalidIntent`.
    init(_ intent: QueuedIntent, encoding: Encoding, snapshot: BaseSnapshot) throws(SgloradError) {
        let base = snapshot.base.name
        guard !snapshot.library.experts.isEmpty else {
            throw SgloradError(
                .emptyLibrary,
                "The base '\(base)' has no experts yet. Import some with 'sglorad-ctl expert import DIR'.",
                parameters: ["base": .string(base)])
        }
        let asked = intent.strategy.flatMap(AdapterStrategy.init(rawValue:)) ?? .auto
        let auto = AutoStrategy(snapshot.serving?.generator.record)
        (strategy, choice) = asked == .auto ? (auto.strategy, auto.reason) : (asked, nil)
        switch strategy {
        case .sgLoRA, .auto:
            guard let found = snapshot.serving else { throw Self.unavailable(snapshot) }
            serving = found
            generator = found.generator
        case .weighted:
            serving = nil
            generator = WeightedGenerator()
        case .nearest:
            serving = nil
            generator = NearestGenerator()
        case .mean:
            serving = nil
            generator = MeanGenerator()
        }
        options = try IntentValidation.options(
            for: intent, defaults: snapshot.serving?.generator.record.plan.guidance ?? .standard)
        library = serving?.library ?? snapshot.library
        libraryDigest = serving?.digest ?? snapshot.digest
        plain = library.index.proximities(to: encoding.embedding, by: .plain)
        centred = library.index.proximities(to: encoding.embedding, by: .centred)
        if let serving {
            neighbourhood = serving.generator.neighbourhood(
                of: encoding.embedding, options: options, in: library)
        } else {
            neighbourhood = Neighbourhood(
                proximities: options.measure == .plain ? plain : centred, options: options)
        }
        let threshold = snapshot.serving?.generator.record.threshold ?? Relevance.standardThreshold
        guard let relevance = Relevance(plainProximities: plain, threshold: threshold) else {
            throw .internal("a library with experts has no proximities")
        }
        self.relevance = relevance
        var warnings: [String] = []
        if relevance.refuses {
            warnings.append("forced: the nearest expert is below the threshold of relevance")
        }
        if let serving, serving.digest != snapshot.digest {
            warnings.append("the generator is stale: it guides with the experts it was trained on")
        }
        self.warnings = warnings
    }

    /// The refusal, where the intent is to be refused.
    var refusal: SgloradError? {
        relevance.refuses ? relevance.refusal(nearest: library.experts[relevance.nearest].name) : nil
    }

    private static func unavailable(_ snapshot: BaseSnapshot) -> SgloradError {
        let base = snapshot.base.name
        let reason =
            snapshot.generators.first.map { "\($0.row.id) is disabled: \($0.reason ?? "")" }
            ?? "there is none"
        return SgloradError(
            .generatorUnavailable,
            "The strategy sg-lora needs a generator for '\(base)', and \(reason). Train one with 'sglorad-ctl generator "
                + "train --base \(base)', or choose the strategy weighted.",
            parameters: ["base": .string(base), "reason": .string(reason)])
    }
}

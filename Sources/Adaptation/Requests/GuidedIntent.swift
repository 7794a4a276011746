package import ErrorModel
internal import ExpertLibrary
package import Generation
package import IntentQueue
internal import Privacy
package import SemanticGuidance
package import TextEncoding

/// An intent after guidance: which experts guide it, by which strategy, and whether any of them is relevant.
package struct GuidedIntent: Sendable {
    package let strategy: AdapterStrategy
    /// The generator that implements the strategy.
    package let generator: any AdapterGenerator
    package let options: GuidanceOptions
    /// The experts that may guide: those the generator was trained on under `sg-lora`, else all.
    package let library: Library
    /// The digest of `library`.
    package let libraryDigest: String
    package let neighbourhood: Neighbourhood
    package let relevance: Relevance
    package let plain: [Float]
    package let centred: [Float]
    /// The serving generator; nil unless the strategy is `sg-lora`.
    package let serving: BaseSnapshot.Serving?
    /// Why `auto` chose the strategy; nil if the caller chose.
    package let choice: String?
    /// Warnings for the caller, kept in the provenance.
    package let warnings: [String]

    /// The error that refuses the intent; nil if an expert is relevant.
    package let refusal: SgloradError?

    /// Computes the guidance of an intent from a snapshot.
    ///
    /// - Parameters:
    ///   - intent: the intent.
    ///   - encoding: its text's embedding.
    ///   - encoder: the encoder that computed it.
    ///   - snapshot: the base's library.
    /// - Throws: `emptyLibrary`, `generatorUnavailable`, `invalidIntent`.
    package init(
        _ intent: QueuedIntent, encoding: Encoding, by encoder: SentenceEncoder, snapshot: BaseSnapshot
    ) throws(SgloradError) {
        let base = snapshot.base.name
        guard !snapshot.library.experts.isEmpty else {
            throw .emptyLibrary(base)
        }
        let asked = intent.options.strategy.flatMap(AdapterStrategy.init(rawValue:)) ?? .auto
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
        options = try GuidanceOptions(
            intent.options, defaults: snapshot.serving?.generator.record.plan.guidance ?? .standard)
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
        refusal =
            relevance.refuses
            ? relevance.refusal(
                nearest: library.experts[relevance.nearest].name, of: intent.text.revealed,
                truncated: encoding.truncated, by: encoder)
            : nil
        var warnings: [String] = []
        if relevance.refuses {
            // Warnings are kept in the provenance of a generated adapter only, and an intent that is to be refused gets
            // one only if it was forced: `AdapterPipeline` throws ``refusal`` otherwise.
            warnings.append("forced: the nearest expert is below the threshold of relevance")
        }
        if let serving, serving.digest != snapshot.digest {
            warnings.append("the generator is stale: it guides with the experts it was trained on")
        }
        self.warnings = warnings
    }

    private static func unavailable(_ snapshot: BaseSnapshot) -> SgloradError {
        let base = snapshot.base.name
        let reason =
            snapshot.generators.first.map { "\($0.row.id) is disabled: \($0.reason ?? "")" }
            ?? "there is none"
        return SgloradError(
            .generatorUnavailable,
            "The strategy sg-lora needs a generator for '\(base)', and \(reason). Train one with "
                + "'sglorad-ctl generator train --base \(base)', or choose the strategy weighted.",
            parameters: ["base": .string(base), "reason": .string(reason)])
    }
}

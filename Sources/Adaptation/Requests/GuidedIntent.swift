package import ErrorModel
internal import ExpertLibrary
package import Generation
internal import IntentQueue
internal import Privacy
package import SemanticGuidance
internal import TextEncoding

/// An intent after guidance: which experts guide it, by which strategy, and whether any of them is relevant.
package struct GuidedIntent: Sendable {
    package let strategy: AdapterStrategy
    /// The generator that implements the strategy.
    package let generator: any AdapterGenerator
    package let options: GuidanceOptions
    /// The experts that may guide, of which those that do were read: those the generator was trained on under `sg-lora`, else
    /// all.
    let library: GuidingLibrary
    /// The digest of all experts that may guide.
    package let libraryDigest: String
    package let neighbourhood: Neighbourhood
    package let relevance: Relevance
    /// The nearest experts, nearest first: those that guide, and the next ones up to a total of ten.
    let nearest: [ExpertSearch.Hit]
    /// The serving generator; nil unless the strategy is `sg-lora`.
    package let serving: BaseSnapshot.Serving?
    /// Why `auto` chose the strategy; nil if the caller chose.
    package let choice: String?
    /// Warnings for the caller, kept in the provenance.
    package let warnings: [String]

    /// The error that refuses the intent; nil if an expert is relevant.
    package let refusal: SgloradError?

    /// Puts the guidance of an intent together.
    ///
    /// - Parameters:
    ///   - intent: the intent.
    ///   - search: the experts that were found for it.
    ///   - library: those experts, read.
    ///   - encoding: its text's embedding.
    ///   - encoder: the encoder that computed it.
    init(
        _ intent: QueuedIntent, _ search: IntentSearch, _ library: GuidingLibrary, encoding: Encoding,
        by encoder: SentenceEncoder
    ) {
        (strategy, generator, options) = (search.strategy, search.generator, search.options)
        (neighbourhood, relevance, nearest) = (search.neighbourhood, search.relevance, search.found.nearest)
        (serving, choice) = (search.serving, search.choice)
        self.library = library
        libraryDigest = search.library.digest
        refusal =
            relevance.refuses
            ? relevance.refusal(
                nearest: library.expert(relevance.nearest).name, of: intent.text.revealed,
                truncated: encoding.truncated, by: encoder)
            : nil
        var warnings: [String] = []
        if relevance.refuses {
            // Warnings are kept in the provenance of a generated adapter only, and an intent that is to be refused gets
            // one only if it was forced: `AdapterPipeline` throws ``refusal`` otherwise.
            warnings.append("forced: the nearest expert is below the threshold of relevance")
        }
        if search.isStale {
            warnings.append("the generator is stale: it guides with the experts it was trained on")
        }
        self.warnings = warnings
    }
}

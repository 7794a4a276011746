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
    /// The experts that may guide, of which those that do were read: those the strategy's generator was trained on, else
    /// all.
    let library: GuidingLibrary
    /// The digest of all experts that may guide.
    package let libraryDigest: String
    package let neighbourhood: Neighbourhood
    package let relevance: Relevance
    /// What a generator that reads the description or the examples makes the adapter of.
    let condition: TaskCondition
    /// The nearest experts, nearest first: those that guide, and the next ones up to a total of ten.
    let nearest: [ExpertSearch.Hit]
    /// The serving generator of the strategy's system; nil for a strategy that needs none.
    package let serving: BaseSnapshot.Serving?
    /// Why `auto` chose the strategy; nil if the caller chose.
    package let choice: String?
    /// Warnings for the caller, kept in the provenance.
    package let warnings: [String]

    /// The error that refuses the intent; nil if an expert is relevant.
    package let refusal: SgloradError?

    /// What a generator that reads the description or the examples makes the adapter of, with the states of its tokens if it reads them.
    func condition(
        _ text: PrivateText, by encoder: SentenceEncoder
    ) throws(SgloradError) -> TaskCondition {
        guard serving?.generator.readsStates ?? false else { return condition }
        return TaskCondition(
            embedding: condition.embedding, states: try encoder.states(of: text.revealed),
            examples: condition.examples)
    }

    /// The digests of the experts that have their part in the adapter: those that guide and, where the tasks' loss trained the
    /// generator, all that it was trained on.
    var sources: [String] {
        if let record = serving?.generator.record, record.system.isTaskTrained {
            return record.experts.map(\.digest)
        }
        return neighbourhood.members.map { library.expert($0.expert).digest }
    }

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
        (neighbourhood, relevance, nearest) = (search.neighbourhood, search.relevance, search.nearest)
        (serving, choice, condition) = (search.serving, search.choice, search.condition)
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
            warnings.append("the generator is stale: it knows the experts it was trained on alone")
        }
        self.warnings = warnings
    }
}

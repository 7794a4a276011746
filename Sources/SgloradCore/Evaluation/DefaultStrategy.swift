internal import Evaluation
internal import Generation
internal import SemanticGuidance

/// What a request without a strategy gets, as an evaluation judges it under `auto`.
enum DefaultStrategy {
    /// The method: the base where the intent would be refused, the generator where there is one, else the weighted mean.
    static func choice(_ situation: AutoCase) -> StandardMethod {
        let proximities = situation.library.index.proximities(to: situation.embedding, by: .plain)
        guard let relevance = Relevance(plainProximities: proximities), !relevance.refuses else {
            return .base
        }
        return situation.generator == nil ? .weightedTuned : .sgLoRA
    }
}

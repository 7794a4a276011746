internal import Evaluation
internal import Generation
internal import SemanticGuidance

/// What a request without a strategy gets, as an evaluation judges it under `auto`.
enum DefaultStrategy {
    /// The method: the base where the intent would be refused, else what ``AutoStrategy`` takes.
    static func choice(_ situation: AutoCase) -> StandardMethod {
        let proximities = situation.library.index.proximities(to: situation.embedding, by: .plain)
        let record = situation.generator?.generator.record
        let threshold = record?.threshold ?? Relevance.standardThreshold
        guard let relevance = Relevance(plainProximities: proximities, threshold: threshold),
            !relevance.refuses
        else { return .base }
        return AutoStrategy(record).strategy == .sgLoRA ? .sgLoRA : .weightedTuned
    }
}

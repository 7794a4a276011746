internal import ExpertLibrary
internal import Generation
internal import LowRank
internal import SemanticGuidance

/// The guidance of an intent, without generating: the nearest experts and the semantic prior they form.
package struct Explanation: Sendable {
    /// An expert and its proximity to the intent.
    package struct Neighbour: Sendable {
        package let expert: String
        package let description: String
        /// The plain cosine of the two embeddings, -1 to 1.
        package let proximity: Float
        /// The cosine after the library's mean embedding is subtracted from both.
        package let centred: Float
        /// The weight α, 0 to 1; nil for an expert that does not guide.
        package let weight: Float?
    }

    /// The prior at one site: root mean squares over its A and B.
    package struct SitePrior: Sendable, Equatable {
        package let site: String
        package let meanA, meanB: Double
        package let deviationA, deviationB: Double
    }

    /// The semantic prior over all parameters; variances are means over the parameters.
    package struct Prior: Sendable, Equatable {
        /// ‖μ*‖.
        package let meanNorm: Double
        /// σ*²: `within` the experts' checkpoints plus `between` the experts (law of total variance).
        package let variance, within, between: Double
        package let sites: [SitePrior]
    }

    package let base: String
    package let guided: GuidedIntent
    /// Nearest first: the experts that guide, and the next ones up to a total of ten.
    package let neighbours: [Neighbour]
    package let prior: Prior
    /// Whether the text was longer than the encoder reads.
    package let truncated: Bool

    /// Explains a guided intent.
    ///
    /// - Parameters:
    ///   - guided: the intent with its experts.
    ///   - base: the name of the base model.
    ///   - prior: the prior that the experts form.
    ///   - truncated: whether the text was longer than the encoder reads.
    package init(_ guided: GuidedIntent, base: String, prior: Prior, truncated: Bool) {
        self.base = base
        self.guided = guided
        self.truncated = truncated
        self.prior = prior
        neighbours = Self.neighbours(guided)
    }

    private static func neighbours(_ guided: GuidedIntent) -> [Neighbour] {
        let weights = Dictionary(
            uniqueKeysWithValues: guided.neighbourhood.members.map { ($0.expert, $0.weight) })
        return guided.nearest.prefix(max(IntentSearch.listed, weights.count)).map { hit in
            let record = guided.library.experts[hit.expert]?.record
            return Neighbour(
                expert: record?.name ?? "", description: record?.description ?? "", proximity: hit.plain,
                centred: hit.centred, weight: weights[hit.expert])
        }
    }
}

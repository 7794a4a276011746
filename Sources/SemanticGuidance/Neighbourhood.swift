internal import Glibc

/// The experts that guide one intent, nearest first, with their weights.
public struct Neighbourhood: Sendable, Hashable {
    /// One guiding expert.
    public struct Member: Sendable, Hashable {
        /// The expert's index in the library's order.
        public let expert: Int
        /// Its proximity to the intent, by the options' measure.
        public let proximity: Float
        /// α: its weight in the semantic prior; the weights of a neighbourhood sum to 1.
        public let weight: Float
    }

    /// The guiding experts, nearest first.
    public let members: [Member]
    /// How far these experts can be trusted to guide the intent, 0...1; at 0 a generator falls back to the
    /// library's mean.
    public var relevance: Float = 1

    /// Takes the K nearest experts and weights them by α = softmax(proximity / τ) over those K.
    ///
    /// Source: SG-LoRA (arXiv 2509.10535), the semantic proximity of an intent to its experts.
    ///
    /// - Parameters:
    ///   - proximities: one per expert, in the library's order.
    ///   - options: K and τ.
    ///   - excluded: indices of experts that must not guide.
    public init(proximities: [Float], options: GuidanceOptions, excluding excluded: Set<Int> = []) {
        let nearest = proximities.indices
            .filter { !excluded.contains($0) }
            .sorted { (proximities[$0], $1) > (proximities[$1], $0) }
            .prefix(options.topK)
        self.init(nearest: nearest.map { ($0, proximities[$0]) }, options: options)
    }

    /// Weights the nearest experts by α = softmax(proximity / τ).
    ///
    /// - Parameters:
    ///   - nearest: the K nearest experts with their proximities, nearest first.
    ///   - options: τ.
    init(nearest: [(expert: Int, proximity: Float)], options: GuidanceOptions) {
        let peak = nearest.first.map { Double($0.proximity) } ?? 0
        let shares = nearest.map { exp((Double($0.proximity) - peak) / Double(options.temperature)) }
        let total = shares.reduce(0, +)
        members = zip(nearest, shares).map { near, share in
            Member(expert: near.expert, proximity: near.proximity, weight: Float(share / total))
        }
    }

    private init(members: [Member]) {
        self.members = members
    }

    /// The same experts with equal weights: the limit of the softmax for large τ.
    public var equallyWeighted: Neighbourhood {
        Neighbourhood(
            members: members.map {
                Member(expert: $0.expert, proximity: $0.proximity, weight: 1 / Float(members.count))
            })
    }
}

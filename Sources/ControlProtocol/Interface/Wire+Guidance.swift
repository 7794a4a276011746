extension Wire {
    /// An expert as seen from an intent.
    ///
    /// `proximity` is the plain cosine of the embeddings; `centred` is the cosine after the library's mean
    /// embedding is taken away. `weight` is present for the top K alone.
    public struct Neighbour: Codable, Sendable, Hashable {
        /// The field `expert`.
        public var expert: String
        /// The field `description`.
        public var description: String
        /// The field `proximity`.
        public var proximity: Double
        /// The field `centred`.
        public var centred: Double
        /// The field `weight`.
        public var weight: Double?

        /// Makes the value from its fields.
        public init(
            expert: String, description: String, proximity: Double, centred: Double, weight: Double? = nil
        ) {
            self.expert = expert
            self.description = description
            self.proximity = proximity
            self.centred = centred
            self.weight = weight
        }
    }

    /// The semantic prior at one site: the root mean square of the mean's A and B, and of the standard
    /// deviation's.
    public struct SitePrior: Codable, Sendable, Hashable {
        /// The field `site`.
        public var site: String
        /// The field `meanA`.
        public var meanA: Double
        /// The field `meanB`.
        public var meanB: Double
        /// The field `deviationA`.
        public var deviationA: Double
        /// The field `deviationB`.
        public var deviationB: Double

        /// Makes the value from its fields.
        public init(site: String, meanA: Double, meanB: Double, deviationA: Double, deviationB: Double) {
            self.site = site
            self.meanA = meanA
            self.meanB = meanB
            self.deviationA = deviationA
            self.deviationB = deviationB
        }
    }

    /// The semantic prior in short.
    ///
    /// Variances are means over all parameters: `variance` is `within` the experts' checkpoints plus
    /// `between` the experts, by the law of total variance.
    public struct Prior: Codable, Sendable, Hashable {
        /// The field `meanNorm`.
        public var meanNorm: Double
        /// The field `variance`.
        public var variance: Double
        /// The field `within`.
        public var within: Double
        /// The field `between`.
        public var between: Double
        /// The field `sites`.
        public var sites: [Wire.SitePrior]

        /// Makes the value from its fields.
        public init(
            meanNorm: Double, variance: Double, within: Double, between: Double, sites: [Wire.SitePrior]
        ) {
            self.meanNorm = meanNorm
            self.variance = variance
            self.within = within
            self.between = between
            self.sites = sites
        }
    }

    /// A unit vector.
    ///
    /// `tokens` counts what the encoder read, special tokens included.
    public struct Embedding: Codable, Sendable, Hashable {
        /// The field `values`.
        public var values: [Double]
        /// The field `tokens`.
        public var tokens: Int
        /// The field `truncated`.
        public var truncated: Bool?

        /// Makes the value from its fields.
        public init(values: [Double], tokens: Int, truncated: Bool? = nil) {
            self.values = values
            self.tokens = tokens
            self.truncated = truncated
        }
    }
}

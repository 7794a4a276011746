extension Methods {
    /// The daemon's health, and then every change of it and of requests; `more` is needed.
    ///
    /// Each reply holds one of both. Users are told of their own requests, administrators of all. It ends with an error
    /// where the daemon stops, and with Busy where replies are not taken as fast as things change.
    public enum Monitor: ControlMethod {
        /// The method's name.
        public static let name = "Monitor"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {

            /// Makes the value; there are no fields.
            public init() {}
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `health`.
            public var health: Wire.Health?
            /// The field `request`.
            public var request: Wire.Request?

            /// Makes the value from its fields.
            public init(health: Wire.Health? = nil, request: Wire.Request? = nil) {
                self.health = health
                self.request = request
            }
        }
    }

    /// What the daemon has counted since it was started, in Prometheus' text form.
    public enum Metrics: ControlMethod {
        /// The method's name.
        public static let name = "Metrics"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {

            /// Makes the value; there are no fields.
            public init() {}
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `text`.
            public var text: String

            /// Makes the value from its fields.
            public init(text: String) {
                self.text = text
            }
        }
    }
}

extension Wire {
    /// How the daemon is: `state` is ok, or degraded with the conditions that say why.
    public struct Health: Codable, Sendable, Hashable {
        /// The field `state`.
        public var state: String
        /// The field `conditions`.
        public var conditions: [Wire.Condition]
        /// The field `queue`.
        public var queue: Wire.QueueCounts
        /// The field `training`.
        public var training: String?

        /// Makes the value from its fields.
        public init(
            state: String, conditions: [Wire.Condition], queue: Wire.QueueCounts, training: String? = nil
        ) {
            self.state = state
            self.conditions = conditions
            self.queue = queue
            self.training = training
        }
    }
}

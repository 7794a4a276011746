public import Privacy

extension Methods {
    /// Queue an intent and return: the request is durable when the reply is out.
    ///
    /// `idempotencyKey` is the caller's own word for this request, 1 to 256 bytes: the same key with the same
    /// intent, from the same user, is answered with the first request, whatever has become of it; with another
    /// intent it is InvalidIntent. Only a keyed hash of it is kept, for queue.keepKeys.
    public enum Submit: ControlMethod {
        /// The method's name.
        public static let name = "Submit"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `intent`.
            public var intent: Wire.Intent
            /// The field `idempotencyKey`.
            public var idempotencyKey: String?

            /// Makes the value from its fields.
            public init(intent: Wire.Intent, idempotencyKey: String? = nil) {
                self.intent = intent
                self.idempotencyKey = idempotencyKey
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `requestId`.
            public var requestId: String

            /// Makes the value from its fields.
            public init(requestId: String) {
                self.requestId = requestId
            }
        }
    }

    /// One request: one's own; for administrators, anyone's.
    ///
    /// Another user's is as good as not there.
    public enum GetRequest: ControlMethod {
        /// The method's name.
        public static let name = "GetRequest"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `requestId`.
            public var requestId: String

            /// Makes the value from its fields.
            public init(requestId: String) {
                self.requestId = requestId
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `request`.
            public var request: Wire.Request

            /// Makes the value from its fields.
            public init(request: Wire.Request) {
                self.request = request
            }
        }
    }

    /// Requests, newest first: one's own; for administrators, everyone's.
    ///
    /// `state` and `label` choose; `limit` is 1 to 1,000, 100 without it. `more` says that there are more than
    /// were asked for. Final requests are forgotten after queue.keepRequests.
    public enum ListRequests: ControlMethod {
        /// The method's name.
        public static let name = "ListRequests"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `state`.
            public var state: String?
            /// The field `label`.
            public var label: String?
            /// The field `limit`.
            public var limit: Int?

            /// Makes the value from its fields.
            public init(state: String? = nil, label: String? = nil, limit: Int? = nil) {
                self.state = state
                self.label = label
                self.limit = limit
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `requests`.
            public var requests: [Wire.Request]
            /// The field `more`.
            public var more: Bool?

            /// Makes the value from its fields.
            public init(requests: [Wire.Request], more: Bool? = nil) {
                self.requests = requests
                self.more = more
            }
        }
    }

    /// Call a request off.
    ///
    /// One that waits is cancelled when the reply is out; one that is running ends at its next stage (its
    /// `calledOff` is set), or as done where it was already publishing. A final one stays as it is.
    public enum CancelRequest: ControlMethod {
        /// The method's name.
        public static let name = "CancelRequest"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `requestId`.
            public var requestId: String

            /// Makes the value from its fields.
            public init(requestId: String) {
                self.requestId = requestId
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `request`.
            public var request: Wire.Request

            /// Makes the value from its fields.
            public init(request: Wire.Request) {
                self.request = request
            }
        }
    }

    /// Try a request again that was refused, failed or cancelled.
    ///
    /// It is queued under its old id, with all its attempts and the options it had. `text` is needed where the
    /// intent's text has been erased, which is the default once a request is final.
    public enum RetryRequest: ControlMethod {
        /// The method's name.
        public static let name = "RetryRequest"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `requestId`.
            public var requestId: String
            /// The field `text`.
            public var text: PrivateText?

            /// Makes the value from its fields.
            public init(requestId: String, text: PrivateText? = nil) {
                self.requestId = requestId
                self.text = text
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `request`.
            public var request: Wire.Request

            /// Makes the value from its fields.
            public init(request: Wire.Request) {
                self.request = request
            }
        }
    }
}

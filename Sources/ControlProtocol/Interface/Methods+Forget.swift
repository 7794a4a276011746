extension Methods {
    /// Erase what was asked for and all that came of it: the intent's text and label, the adapter and its files, the
    /// result in the spool.
    ///
    /// Exactly one of `requestId`, `label` and `all` (everything of one's own) is given; with `label` and `all`,
    /// rejected files of the spool go too. A request that has not ended is called off first. `uid` names another
    /// user's, for administrators. None of it stands in any file when the reply is out, and a backup that is restored
    /// later does not bring it back. The reply says what was erased; `results` and `files` count files of the spool.
    public enum Forget: ControlMethod {
        /// The method's name.
        public static let name = "Forget"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `requestId`.
            public var requestId: String?
            /// The field `label`.
            public var label: String?
            /// The field `all`.
            public var all: Bool?
            /// The field `uid`.
            public var uid: Int?

            /// Makes the value from its fields.
            public init(requestId: String? = nil, label: String? = nil, all: Bool? = nil, uid: Int? = nil) {
                self.requestId = requestId
                self.label = label
                self.all = all
                self.uid = uid
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `requests`.
            public var requests: [String]
            /// The field `adapters`.
            public var adapters: [String]
            /// The field `results`.
            public var results: Int
            /// The field `files`.
            public var files: Int

            /// Makes the value from its fields.
            public init(requests: [String], adapters: [String], results: Int, files: Int) {
                self.requests = requests
                self.adapters = adapters
                self.results = results
                self.files = files
            }
        }
    }
}

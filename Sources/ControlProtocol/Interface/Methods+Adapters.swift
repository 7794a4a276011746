extension Methods {
    /// Published adapters, newest first: the caller's own; for administrators, everyone's.
    ///
    /// `base` and `label` choose; `limit` is 1 to 1,000, 100 without it. `more` says that there are more than were
    /// asked for.
    public enum ListAdapters: ControlMethod {
        /// The method's name.
        public static let name = "ListAdapters"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `base`.
            public var base: String?
            /// The field `label`.
            public var label: String?
            /// The field `limit`.
            public var limit: Int?

            /// Makes the value from its fields.
            public init(base: String? = nil, label: String? = nil, limit: Int? = nil) {
                self.base = base
                self.label = label
                self.limit = limit
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `adapters`.
            public var adapters: [Wire.Adapter]
            /// The field `more`.
            public var more: Bool?

            /// Makes the value from its fields.
            public init(adapters: [Wire.Adapter], more: Bool? = nil) {
                self.adapters = adapters
                self.more = more
            }
        }
    }

    /// One published adapter.
    public enum GetAdapter: ControlMethod {
        /// The method's name.
        public static let name = "GetAdapter"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `adapterId`.
            public var adapterId: String

            /// Makes the value from its fields.
            public init(adapterId: String) {
                self.adapterId = adapterId
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `adapter`.
            public var adapter: Wire.Adapter

            /// Makes the value from its fields.
            public init(adapter: Wire.Adapter) {
                self.adapter = adapter
            }
        }
    }

    /// The bytes of an adapter's files, one after the other, in order; `more` is needed.
    ///
    /// `file` asks for one file alone. The last reply has `last`.
    public enum ReadAdapter: ControlMethod {
        /// The method's name.
        public static let name = "ReadAdapter"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `adapterId`.
            public var adapterId: String
            /// The field `file`.
            public var file: String?

            /// Makes the value from its fields.
            public init(adapterId: String, file: String? = nil) {
                self.adapterId = adapterId
                self.file = file
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `file`.
            public var file: String
            /// The field `offset`.
            public var offset: Int
            /// The field `chunk`.
            public var chunk: String
            /// The field `last`.
            public var last: Bool?

            /// Makes the value from its fields.
            public init(file: String, offset: Int, chunk: String, last: Bool? = nil) {
                self.file = file
                self.offset = offset
                self.chunk = chunk
                self.last = last
            }
        }
    }

    /// Keeps an adapter from being evicted, or, with `pinned` false, lets go of it again.
    public enum PinAdapter: ControlMethod {
        /// The method's name.
        public static let name = "PinAdapter"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `adapterId`.
            public var adapterId: String
            /// The field `pinned`.
            public var pinned: Bool

            /// Makes the value from its fields.
            public init(adapterId: String, pinned: Bool) {
                self.adapterId = adapterId
                self.pinned = pinned
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `adapter`.
            public var adapter: Wire.Adapter

            /// Makes the value from its fields.
            public init(adapter: Wire.Adapter) {
                self.adapter = adapter
            }
        }
    }

    /// Removes an adapter: its row and its files.
    public enum RemoveAdapter: ControlMethod {
        /// The method's name.
        public static let name = "RemoveAdapter"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `adapterId`.
            public var adapterId: String

            /// Makes the value from its fields.
            public init(adapterId: String) {
                self.adapterId = adapterId
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {

            /// Makes the value; there are no fields.
            public init() {}
        }
    }
}

extension Wire {
    /// How many there are of a kind, and how many bytes they take on disk.
    public struct Usage: Codable, Sendable, Hashable {
        /// The field `count`.
        public var count: Int
        /// The field `bytes`.
        public var bytes: Int

        /// Makes the value from its fields.
        public init(count: Int, bytes: Int) {
            self.count = count
            self.bytes = bytes
        }
    }

    /// Something that is not as it should be, and what to do about it.
    public struct Condition: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `message`.
        public var message: String
        /// The field `remedy`.
        public var remedy: String

        /// Makes the value from its fields.
        public init(name: String, message: String, remedy: String) {
            self.name = name
            self.message = message
            self.remedy = remedy
        }
    }

    /// How many requests are in each state.
    public struct QueueCounts: Codable, Sendable, Hashable {
        /// The field `queued`.
        public var queued: Int
        /// The field `running`.
        public var running: Int
        /// The field `done`.
        public var done: Int
        /// The field `refused`.
        public var refused: Int
        /// The field `failed`.
        public var failed: Int
        /// The field `cancelled`.
        public var cancelled: Int

        /// Makes the value from its fields.
        public init(queued: Int, running: Int, done: Int, refused: Int, failed: Int, cancelled: Int) {
            self.queued = queued
            self.running = running
            self.done = done
            self.refused = refused
            self.failed = failed
            self.cancelled = cancelled
        }
    }

    /// The text encoder that is loaded.
    public struct Encoder: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `folder`.
        public var folder: String
        /// The field `digest`.
        public var digest: String
        /// The field `dimension`.
        public var dimension: Int
        /// The field `maximumTokens`.
        public var maximumTokens: Int

        /// Makes the value from its fields.
        public init(name: String, folder: String, digest: String, dimension: Int, maximumTokens: Int) {
            self.name = name
            self.folder = folder
            self.digest = digest
            self.dimension = dimension
            self.maximumTokens = maximumTokens
        }
    }
}

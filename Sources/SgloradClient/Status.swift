public import FoundationEssentials
internal import SgloradInterface

extension SgloradClient {
    /// The daemon's status.
    public struct Status: Sendable, Hashable {
        /// The version of sglorad.
        public let version: String
        /// Its health.
        public let health: Health
        /// When the daemon started.
        public let startedAt: Date
        /// The text encoder; nil if it cannot be loaded.
        public let encoder: Encoder?
        /// The processor kernels of the linear algebra library and of the text encoder.
        public let kernel: String
    }

    /// The daemon's health.
    public struct Health: Sendable, Hashable {
        /// What is wrong and concerns this user; nothing if all is well.
        public let conditions: [Condition]
        /// How many of this user's requests are in each state; of all users' for an administrator.
        public let requests: [Request.State: Int]
        /// The base models that generators are being trained for.
        public let training: [String]

        /// Whether nothing is wrong.
        public var isWell: Bool { conditions.isEmpty }
    }

    /// Something that is wrong with the daemon.
    public struct Condition: Sendable, Hashable {
        /// A stable name, such as `text-encoder`.
        public let name: String
        /// What is wrong.
        public let message: String
        /// What to do.
        public let remedy: String
    }

    /// The text encoder that is loaded.
    public struct Encoder: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Its digest.
        public let digest: String
        /// How many numbers an embedding has.
        public let dimension: Int
        /// The most tokens that it reads of a text.
        public let maximumTokens: Int
    }
}

extension SgloradClient.Health {
    init(conditions: [Wire.Condition], queue: Wire.QueueCounts, training: String?) {
        self.init(
            conditions: conditions.map { .init(name: $0.name, message: $0.message, remedy: $0.remedy) },
            requests: [
                .queued: queue.queued, .running: queue.running, .done: queue.done, .refused: queue.refused,
                .failed: queue.failed, .cancelled: queue.cancelled,
            ],
            training: (training ?? "").split(separator: ",").map { name in
                String(name.drop { $0 == " " })
            })
    }
}

extension SgloradClient.Status {
    init(_ wire: Methods.Status.Reply) throws {
        self.init(
            version: wire.version,
            health: .init(conditions: wire.conditions, queue: wire.queue, training: wire.training),
            startedAt: try Date(wire: wire.startedAt),
            encoder: wire.encoder.map {
                .init(
                    name: $0.name, digest: $0.digest, dimension: $0.dimension,
                    maximumTokens: $0.maximumTokens)
            }, kernel: wire.kernel)
    }
}

public import FoundationEssentials
internal import SgloradInterface

extension SgloradClient {
    /// A request as the daemon's queue records it; it never holds the intent's text.
    public struct Request: Sendable, Hashable, Identifiable {
        /// Its identifier.
        public let id: String
        /// How far it has come.
        public let state: State
        /// What is being done while it is running: `encoding`, `generating` or `publishing`.
        public let stage: String?
        /// Whether it was cancelled while running and has not ended yet.
        public let isCalledOff: Bool
        /// The base model.
        public let base: String
        /// The caller's own name for it.
        public let label: String?
        /// When it was queued.
        public let submittedAt: Date
        /// When it became final.
        public let finishedAt: Date?
        /// How many times a worker has begun it.
        public let attempts: Int
        /// The adapter, once it is done.
        public let adapterID: String?
        /// Why it was refused, failed or cancelled, in words.
        public let failure: String?
        /// Whether the text of a refused request was longer than the text encoder reads, and was cut.
        public let isTruncated: Bool
        /// The owner's user identifier, which only administrators are told.
        public let owner: Int?

        /// How far a request has come.
        public enum State: String, Sendable, Hashable, CaseIterable {
            /// It waits.
            case queued
            /// A worker is at it.
            case running
            /// Its adapter is published.
            case done
            /// No expert is near enough.
            case refused
            /// It could not be completed.
            case failed
            /// It was cancelled.
            case cancelled

            /// Whether it will not change any more.
            public var isFinal: Bool { self != .queued && self != .running }
        }
    }
}

extension SgloradClient.Request {
    init(_ wire: Wire.QueuedRequest) throws {
        guard let state = State(rawValue: wire.state) else { throw SgloradClient.Failure.unexpected }
        self.init(
            id: wire.requestId, state: state, stage: wire.stage, isCalledOff: wire.calledOff ?? false,
            base: wire.base, label: wire.label, submittedAt: try Date(wire: wire.submittedAt),
            finishedAt: try wire.finishedAt.map { try Date(wire: $0) }, attempts: wire.attempts ?? 0,
            adapterID: wire.adapterId, failure: wire.failure, isTruncated: wire.truncated ?? false,
            owner: wire.uid)
    }
}

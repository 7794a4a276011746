public import Privacy

extension Wire {
    /// What the user wants.
    ///
    /// `text` is 1 to 32,768 bytes of UTF-8 with something other than white space in it. `base` may be left
    /// out where the daemon knows one base model only. `strategy` is one of sg-lora, weighted, nearest, mean.
    /// `topK` is how many experts guide (1 to 1,024). `temperature` is the softmax's, above 0. `proximity` is
    /// plain or centred. `seed` is 0 to 2^53 - 1; without it the daemon draws one and says it. `formats`
    /// holds peft. `label` is the caller's own word for the request, at most 256 bytes. `force` generates
    /// even where no expert is near enough.
    public struct Intent: Codable, Sendable, Hashable {
        /// The field `text`.
        public var text: PrivateText
        /// The field `base`.
        public var base: String?
        /// The field `strategy`.
        public var strategy: String?
        /// The field `topK`.
        public var topK: Int?
        /// The field `temperature`.
        public var temperature: Double?
        /// The field `proximity`.
        public var proximity: String?
        /// The field `seed`.
        public var seed: Int?
        /// The field `formats`.
        public var formats: [String]?
        /// The field `label`.
        public var label: String?
        /// The field `force`.
        public var force: Bool?

        /// Makes the value from its fields.
        public init(
            text: PrivateText, base: String? = nil, strategy: String? = nil, topK: Int? = nil,
            temperature: Double? = nil, proximity: String? = nil, seed: Int? = nil, formats: [String]? = nil,
            label: String? = nil, force: Bool? = nil
        ) {
            self.text = text
            self.base = base
            self.strategy = strategy
            self.topK = topK
            self.temperature = temperature
            self.proximity = proximity
            self.seed = seed
            self.formats = formats
            self.label = label
            self.force = force
        }
    }

    /// A request as the queue knows it.
    ///
    /// `state` is queued, running, done, refused, failed or cancelled; `stage`, while running, is encoding,
    /// generating or publishing. `calledOff` says that it was cancelled while it was running and has not ended
    /// yet. `attempts` is how often it was begun. `failure` says why a request was refused or failed. `uid` is
    /// whose it is, said to administrators alone. It never holds the intent's text, which is erased once the
    /// request is final (or as long after as privacy.retainIntents says).
    public struct Request: Codable, Sendable, Hashable {
        /// The field `requestId`.
        public var requestId: String
        /// The field `state`.
        public var state: String
        /// The field `stage`.
        public var stage: String?
        /// The field `calledOff`.
        public var calledOff: Bool?
        /// The field `base`.
        public var base: String
        /// The field `label`.
        public var label: String?
        /// The field `submittedAt`.
        public var submittedAt: String
        /// The field `finishedAt`.
        public var finishedAt: String?
        /// The field `attempts`.
        public var attempts: Int?
        /// The field `adapterId`.
        public var adapterId: String?
        /// The field `failure`.
        public var failure: String?
        /// The field `uid`.
        public var uid: Int?

        /// Makes the value from its fields.
        public init(
            requestId: String, state: String, stage: String? = nil, calledOff: Bool? = nil, base: String,
            label: String? = nil, submittedAt: String, finishedAt: String? = nil, attempts: Int? = nil,
            adapterId: String? = nil, failure: String? = nil, uid: Int? = nil
        ) {
            self.requestId = requestId
            self.state = state
            self.stage = stage
            self.calledOff = calledOff
            self.base = base
            self.label = label
            self.submittedAt = submittedAt
            self.finishedAt = finishedAt
            self.attempts = attempts
            self.adapterId = adapterId
            self.failure = failure
            self.uid = uid
        }
    }
}

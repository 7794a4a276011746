internal import Privacy
internal import SgloradInterface

extension SgloradClient {
    /// What is wanted, in plain words, and how to make it.
    ///
    /// Its description shows the length of the text only, so that no log shows what a user wrote.
    public struct Intent: Sendable, Hashable {
        /// The task in plain words: 1 to 32,768 bytes of UTF-8, not only white space.
        public var text: String
        /// The base model; nil if the daemon knows exactly one.
        public var base: String?
        /// How the adapter is made; nil for ``Strategy/auto``.
        public var strategy: Strategy?
        /// How many of the nearest experts guide, 1 to 1,024; nil for the generator's own number.
        public var topK: Int?
        /// The temperature of the softmax over proximities, 0.0001 to 10,000; nil for the generator's own.
        public var temperature: Double?
        /// The measure of proximity; nil for the generator's own.
        public var proximity: ProximityMeasure?
        /// The seed of all random numbers, 0 to 2^53 - 1; if it is nil, the daemon draws one and reports it.
        public var seed: Int?
        /// The caller's own name for the request, at most 256 bytes, to find or forget it by.
        public var label: String?
        /// Whether to generate even if no expert is near enough.
        public var isForced: Bool
        /// Examples of the task, at most 32: they guide beside the text, and those with answers refine the adapter.
        public var examples: [Example]
        /// The answers that can occur, at most 1,000 of 1 to 256 bytes; those of examples need not be among them.
        public var labels: [String]
        /// How many seconds the adapter may be refined, 0 to 60; nil for 5.
        public var refineSeconds: Double?

        /// Describes an intent; the daemon checks it.
        public init(
            _ text: String, base: String? = nil, strategy: Strategy? = nil, topK: Int? = nil,
            temperature: Double? = nil, proximity: ProximityMeasure? = nil, seed: Int? = nil,
            label: String? = nil, isForced: Bool = false, examples: [Example] = [], labels: [String] = [],
            refineSeconds: Double? = nil
        ) {
            self.text = text
            self.base = base
            self.strategy = strategy
            self.topK = topK
            self.temperature = temperature
            self.proximity = proximity
            self.seed = seed
            self.label = label
            self.isForced = isForced
            self.examples = examples
            self.labels = labels
            self.refineSeconds = refineSeconds
        }
    }

    /// A text as the application will meet it, and the right answer to it where it is known.
    ///
    /// Like an intent's text, the daemon keeps it until the request is final.
    public struct Example: Sendable, Hashable {
        /// 1 to 1,024 bytes of UTF-8, not only white space.
        public var text: String
        /// 1 to 256 bytes, written as in ``Intent/labels``.
        public var answer: String?

        public init(_ text: String, answer: String? = nil) {
            self.text = text
            self.answer = answer
        }
    }

    /// How an adapter is made.
    public struct Strategy: RawRepresentable, Sendable, Hashable {
        /// Its name in the daemon's interface.
        public let rawValue: String

        /// Names a strategy that this version of the library may not know.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The trained system that did best on left-out experts, or weighted merging.
        public static let auto = Strategy(rawValue: "auto")
        /// A sample of the conditional variational autoencoder around the semantic prior.
        public static let sgLora = Strategy(rawValue: "sg-lora")
        /// One adapter that learned from all experts' tasks, whatever the intent.
        public static let multiTask = Strategy(rawValue: "multi-task")
        /// Cores that all tasks share, with seeds that a net makes of the description.
        public static let metaLoRA = Strategy(rawValue: "metalora")
        /// Two experts of a learned pool in each layer, which a router chooses by the description.
        public static let loRAGen = Strategy(rawValue: "lora-gen")
        /// The weighted mean of the experts whose examples are nearest to the request's, which must be given, corrected by a
        /// decoder that reads them.
        public static let icmLoRA = Strategy(rawValue: "icm-lora")
        /// The weighted mean of the nearest experts.
        public static let weighted = Strategy(rawValue: "weighted")
        /// The weighted mean of the experts nearest to the examples' texts, which must be given.
        public static let weightedExamples = Strategy(rawValue: "weighted-examples")
        /// The nearest expert.
        public static let nearest = Strategy(rawValue: "nearest")
        /// The mean of the whole library, whatever the intent.
        public static let mean = Strategy(rawValue: "mean")
    }

    /// How the proximity of an intent and an expert is measured.
    public struct ProximityMeasure: RawRepresentable, Sendable, Hashable {
        /// Its name in the daemon's interface.
        public let rawValue: String

        /// Names a measure that this version of the library may not know.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The cosine of the two embeddings.
        public static let plain = ProximityMeasure(rawValue: "plain")
        /// The cosine after the library's mean embedding has been subtracted from both.
        public static let centred = ProximityMeasure(rawValue: "centred")
    }
}

extension SgloradClient.Intent: CustomStringConvertible, CustomReflectable {
    /// The length of the text and the options.
    public var description: String {
        "(intent of \(text.utf8.count) bytes, strategy \(strategy?.rawValue ?? "auto"))"
    }

    /// An empty mirror, for code that describes values by reflection.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }

    /// The intent as the daemon takes it.
    var wire: Wire.Intent {
        Wire.Intent(
            text: PrivateText(text), base: base, strategy: strategy?.rawValue, topK: topK,
            temperature: temperature, proximity: proximity?.rawValue, seed: seed, label: label,
            force: isForced ? true : nil,
            examples: examples.wire,
            labels: labels.wire, refineSeconds: refineSeconds)
    }
}

extension [SgloradClient.Example] {
    /// The examples as the daemon takes them; nil for none.
    var wire: [Wire.Example]? {
        guard !isEmpty else { return nil }
        return map { Wire.Example(text: PrivateText($0.text), answer: $0.answer.map { PrivateText($0) }) }
    }
}

extension [String] {
    /// The labels as the daemon takes them; nil for none.
    var wire: [PrivateText]? { isEmpty ? nil : map { PrivateText($0) } }
}

extension SgloradClient.Example: CustomStringConvertible, CustomReflectable {
    /// The length of the text.
    public var description: String { "(example of \(text.utf8.count) bytes)" }

    /// An empty mirror, for code that describes values by reflection.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

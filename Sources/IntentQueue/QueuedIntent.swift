internal import Foundation
public import Privacy

/// How an intent is to be answered: everything that the caller asked for except the text.
///
/// The options outlive the text: they stay with a final request, so that it can be retried when its text is given again.
public struct IntentOptions: Sendable, Codable, Hashable {
    /// The strategy's name; nil for the library's default.
    public var strategy: String?
    /// K, the number of guiding experts; nil for the default.
    public var topK: Int?
    /// τ, the temperature of the softmax over proximities; nil for the default.
    public var temperature: Float?
    /// The name of the proximity measure; nil for the default.
    public var proximity: String?
    /// The seed, the caller's or one drawn at admission, so that every attempt generates the same adapter.
    public var seed: UInt64
    /// Whether to generate an adapter even where no expert is relevant.
    public var force: Bool
    /// The names of the formats to write, without repetitions; nil for the default.
    public var formats: [String]?
    /// How many seconds the adapter may be refined; nil for the default.
    public var refineSeconds: Float?
    /// How many examples and labels the intent had, which a retry must bring again; nil for none.
    public var material: MaterialCounts?

    public init(
        strategy: String? = nil, topK: Int? = nil, temperature: Float? = nil, proximity: String? = nil,
        seed: UInt64, force: Bool = false, formats: [String]? = nil, refineSeconds: Float? = nil
    ) {
        self.strategy = strategy
        self.topK = topK
        self.temperature = temperature
        self.proximity = proximity
        self.seed = seed
        self.force = force
        self.formats = formats
        self.refineSeconds = refineSeconds
    }

    /// How much ``TaskMaterial`` an intent had.
    public struct MaterialCounts: Sendable, Codable, Hashable {
        public var examples: Int
        public var labels: Int
    }
}

/// An intent as the queue stores it until its request is final.
///
/// Defaults that must not change between attempts are already filled in.
public struct QueuedIntent: Sendable, Hashable {
    /// What the user wants, in plain words.
    public var text: PrivateText
    /// How it is to be answered.
    public private(set) var options: IntentOptions
    /// Examples and labels; nil for none.
    public private(set) var material: TaskMaterial?

    public init(text: PrivateText, options: IntentOptions, material: TaskMaterial? = nil) {
        self.text = text
        self.options = options
        self.material = material.flatMap { $0.isEmpty ? nil : $0 }
        self.options.material = self.material.map {
            IntentOptions.MaterialCounts(examples: $0.examples.count, labels: $0.labels.count)
        }
    }

    /// Which workers answer it: those that take seconds for a request, where its adapter is to be refined.
    var lane: QueueLane {
        let hasAnswers = material?.examples.contains { $0.answer != nil } ?? false
        return hasAnswers && options.refineSeconds != 0 ? .refining : .direct
    }
}

/// A part of the queue with workers of its own, so that requests which take milliseconds do not wait for those which take
/// seconds.
public enum QueueLane: Int, Sendable, Codable, Hashable, CaseIterable {
    /// Requests that are generated alone.
    case direct = 0
    /// Requests whose adapters are refined with examples.
    case refining = 1
}

extension QueuedIntent: CustomStringConvertible, CustomDebugStringConvertible {
    /// Everything but the text, which must not be logged.
    public var description: String {
        "intent of \(text.byteCount) bytes, strategy \(options.strategy ?? "default"), seed \(options.seed), "
            + (material?.description ?? "no examples")
    }

    /// Same as ``description``.
    public var debugDescription: String { description }
}

/// The intent's text as a column holds it: UTF-8 in a BLOB.
///
/// A TEXT column would not do: GRDB binds and reads strings up to their first NUL, which a text may contain. An empty
/// BLOB stands for a text that could not be read; admission accepts no empty text.
enum StoredText {
    static func bytes(_ text: PrivateText) -> Data { Data(text.revealed.utf8) }

    /// The text; nil where it is missing, empty or not UTF-8.
    static func text(_ bytes: Data?) -> PrivateText? {
        guard let bytes, !bytes.isEmpty else { return nil }
        return String(validating: bytes, as: UTF8.self).map { PrivateText($0) }
    }
}

/// Values in columns of JSON.
enum StoredJSON {
    /// The value with sorted keys: the same value is always the same text.
    static func string(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The value; nil where the column is NULL or damaged.
    static func value<T: Decodable>(_ type: T.Type, _ json: String?) -> T? {
        json.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }
}

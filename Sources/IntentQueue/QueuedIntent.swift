internal import Foundation
public import Privacy

/// An intent as the queue keeps it until its request is final: what the user said, with every default filled in that must
/// not change between attempts.
public struct QueuedIntent: Sendable, Codable, Hashable {
    /// What the user wants, in plain words.
    public var text: PrivateText
    /// The strategy's name; nil for what the library then offers.
    public var strategy: String?
    /// K, if the caller chose it.
    public var topK: Int?
    /// τ, if the caller chose it.
    public var temperature: Float?
    /// The proximity's name, if the caller chose it.
    public var proximity: String?
    /// The seed, the caller's or one drawn at intake.
    public var seed: UInt64
    /// Whether to generate even where no expert is near enough.
    public var force: Bool

    /// Makes an intent.
    public init(
        text: PrivateText, strategy: String? = nil, topK: Int? = nil, temperature: Float? = nil,
        proximity: String? = nil,
        seed: UInt64, force: Bool = false
    ) {
        self.text = text
        self.strategy = strategy
        self.topK = topK
        self.temperature = temperature
        self.proximity = proximity
        self.seed = seed
        self.force = force
    }
}

extension QueuedIntent {
    /// The intent as the database keeps it.
    func json() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }

    /// What the database keeps; nil where it cannot be read any more.
    init?(json: String) {
        guard let intent = try? JSONDecoder().decode(QueuedIntent.self, from: Data(json.utf8)) else {
            return nil
        }
        self = intent
    }
}

extension QueuedIntent: CustomStringConvertible, CustomDebugStringConvertible {
    /// Everything but the text, which belongs in no log.
    public var description: String {
        "intent of \(text.byteCount) bytes, strategy \(strategy ?? "default"), seed \(seed)"
    }

    /// Same as ``description``.
    public var debugDescription: String { description }
}

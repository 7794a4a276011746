/// What is put into the queue.
public struct Submission: Sendable {
    /// The intent.
    public var intent: QueuedIntent
    /// The base model's name.
    public var base: String
    /// Who asks.
    public var uid: Int
    /// The caller's own word for it.
    public var label: String?
    /// What makes a repetition known.
    public var key: IdempotencyKey?

    /// Makes a submission.
    public init(
        _ intent: QueuedIntent, base: String, uid: Int, label: String? = nil, key: IdempotencyKey? = nil
    ) {
        self.intent = intent
        self.base = base
        self.uid = uid
        self.label = label
        self.key = key
    }
}

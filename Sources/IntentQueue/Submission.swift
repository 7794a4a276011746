public import ErrorModel

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
    /// The file's name where it comes through the spool, which is then owed a result of that name.
    public var spoolName: String?
    /// Why nothing new is taken from the user at the moment; a repetition of what was taken before is answered all the same.
    public var obstacle: SgloradError?

    /// Makes a submission.
    public init(
        _ intent: QueuedIntent, base: String, uid: Int, label: String? = nil, key: IdempotencyKey? = nil,
        spoolName: String? = nil
    ) {
        self.intent = intent
        self.base = base
        self.uid = uid
        self.label = label
        self.key = key
        self.spoolName = spoolName
    }
}

internal import ErrorModel
internal import ExpertLibrary
internal import Files
internal import Generation
internal import IntentQueue
internal import TextEncoding

/// The embeddings of an intent's examples under the frozen text encoder; empty for an intent without.
struct ExampleEmbeddings: Sendable {
    /// The unit embeddings of the texts, in their order.
    var texts: [[Float]] = []
    /// The unit embeddings of the answers that are known; empty where no strategy that may be taken reads them.
    var answers: [[Float]] = []

    /// The examples' task vector; nil without examples.
    var taskVector: TaskVector? {
        texts.isEmpty ? nil : TaskVector(texts: texts, answers: answers)
    }
}

extension JointEncoding {
    /// The embeddings of an intent's examples.
    ///
    /// - Parameters:
    ///   - material: the examples; nil for none.
    ///   - readingAnswers: whether the answers are encoded too.
    ///   - encoder: the text encoder.
    ///   - user: who asks.
    /// - Throws: as ``encode(_:by:for:)``.
    func embeddings(
        of material: TaskMaterial?, readingAnswers: Bool, by encoder: SentenceEncoder, for user: UserID
    ) async throws(SgloradError) -> ExampleEmbeddings {
        let examples = material?.examples ?? []
        guard !examples.isEmpty else { return ExampleEmbeddings() }
        let answers = readingAnswers ? examples.compactMap(\.answer) : []
        var embeddings: [[Float]] = []
        for encoding in await encode((examples.map(\.text) + answers).map { ($0, user) }, by: encoder) {
            embeddings.append(try encoding.get().embedding)
        }
        return ExampleEmbeddings(
            texts: Array(embeddings.prefix(examples.count)),
            answers: Array(embeddings.dropFirst(examples.count)))
    }
}

extension LibrarySnapshots {
    /// Whether a strategy that an intent may get reads the answers of its examples.
    func readsAnswers(_ intent: QueuedIntent, of base: BaseRecord) async throws(SgloradError) -> Bool {
        guard intent.material?.examples.isEmpty == false else { return false }
        let asked = intent.options.strategy.flatMap(AdapterStrategy.init(rawValue:)) ?? .auto
        guard asked == .auto else { return asked == .icmLoRA }
        return try await snapshot(base).serving[.icmLoRA] != nil
    }
}

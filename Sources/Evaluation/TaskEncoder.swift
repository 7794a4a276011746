public import ErrorModel
internal import LinearAlgebra
public import LowRank
public import TextEncoding

/// Ranks the pools of tasks with an adapter; a text that several tasks share is encoded once.
public struct TaskEncoder: Sendable {
    private let encoder: SentenceEncoder
    private let layout: AdapterLayout

    /// The number of texts per batch, after which progress is reported.
    static let chunk = 1024

    /// Creates a ranker.
    ///
    /// - Throws: `layoutMismatch` if the layout is not that of the text encoder, so that the base model
    ///   cannot be run.
    public init(encoder: SentenceEncoder, layout: AdapterLayout) throws(SgloradError) {
        try encoder.check(layout)
        self.encoder = encoder
        self.layout = layout
    }

    /// The distinct texts of some tasks, in the order of first appearance.
    static func texts(of tasks: [EvaluationTask]) -> [String] {
        var seen: Set<String> = []
        var texts: [String] = []
        for task in tasks {
            for text in task.pool where seen.insert(text).inserted { texts.append(text) }
            for query in task.queries where seen.insert(query.text).inserted { texts.append(query.text) }
        }
        return texts
    }

    /// Ranks the pools of tasks with one adapter.
    ///
    /// - Parameters:
    ///   - tasks: the tasks to rank.
    ///   - parameters: the adapter's parameters on the layout; nil for the base model.
    ///   - progress: called after each batch with the number of its texts.
    /// - Throws: `invalidFile` if the adapter makes an embedding overflow.
    public func rankings(
        of tasks: [EvaluationTask], with parameters: [Float]?, progress: (Int) -> Void = { _ in }
    ) throws(SgloradError) -> [Ranking] {
        let adapter = parameters.map { LoRAAdapter(layout: layout, parameters: $0) }
        let texts = Self.texts(of: tasks)
        var embeddings: [String: [Float]] = [:]
        embeddings.reserveCapacity(texts.count)
        for start in stride(from: 0, to: texts.count, by: Self.chunk) {
            let part = Array(texts[start..<min(start + Self.chunk, texts.count)])
            let encodings = try encoder.encode(batch: part, adapter: adapter)
            for (text, encoding) in zip(part, encodings) { embeddings[text] = encoding.embedding }
            progress(part.count)
        }
        return tasks.map { task in
            Ranking(
                pool: Matrix(stacking: task.pool.compactMap { embeddings[$0] }),
                queries: Matrix(stacking: task.queries.compactMap { embeddings[$0.text] }),
                answers: task.queries.map(\.answer))
        }
    }
}

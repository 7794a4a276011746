public import ErrorModel
public import Generation
internal import Glibc
public import LinearAlgebra
public import LowRank
public import TextEncoding

/// The contrastive loss of an adapter on the experts' tasks, differentiated through the text encoder.
///
/// For queries q and texts t of the pool, encoded with the adapter, the loss is the cross-entropy of
/// softmax(20·q·t) at the right text (InfoNCE; van den Oord et al., 2018), at the temperature 1/20 that
/// sentence encoders are usually trained with and that the experts were trained with.
public struct ContrastiveObjective: TaskObjective {
    /// The inverse temperature of the logits.
    private static let scale: Float = 20
    /// The number of queries that are sampled for one loss.
    private static let queries = 16
    /// The number of texts that compete, right ones included.
    private static let texts = 32
    /// The maximum number of tokens of a text; longer texts cost time and add little.
    private static let tokens = 64

    private struct Task: Sendable {
        let pool: [TokenizedText]
        let queries: [(text: TokenizedText, answer: Int)]
        /// The texts of the pool, to find those that are answers of another task.
        let names: [String]
        /// The texts of the pool that answer some query.
        let answers: Set<String>
    }

    private let encoder: SentenceEncoder
    private let tasks: [String: Task]

    /// The names of the experts whose tasks are available, sorted.
    public let experts: [String]

    /// Tokenises the tasks.
    ///
    /// - Parameters:
    ///   - encoder: the text encoder, which must be the base itself.
    ///   - tasks: the experts' own tasks, named as the experts.
    public init(encoder: SentenceEncoder, tasks: [EvaluationTask]) {
        self.encoder = encoder
        var prepared: [String: Task] = [:]
        for task in tasks {
            func cut(_ text: String) -> TokenizedText { encoder.tokenize(text).prefix(Self.tokens) }
            prepared[task.name] = Task(
                pool: task.pool.map(cut), queries: task.queries.map { (cut($0.text), $0.answer) },
                names: task.pool, answers: Set(task.queries.map { task.pool[$0.answer] }))
        }
        self.tasks = prepared
        experts = prepared.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The loss on up to 16 queries of a task, and its gradient with respect to the adapter's parameters.
    ///
    /// The negatives are texts of the pool that are right answers in some contested task. A pool may contain
    /// the answers of many tasks (such as 150 intents of an assistant). If all other texts were negatives,
    /// the adapter would also learn that the answers of left-out tasks are wrong.
    public func loss(
        of adapter: LoRAAdapter, onTaskOf expert: String, contested: Set<String>, random: inout CounterRandom
    ) throws(SgloradError) -> (loss: Float, gradient: [Float]) {
        guard let task = tasks[expert] else { throw .internal("no task is known for the expert '\(expert)'") }
        let queries = random.permutation(task.queries.count).prefix(Self.queries).map { task.queries[$0] }
        var texts: [Int] = []
        var places: [Int: Int] = [:]
        for query in queries where places[query.answer] == nil {
            places[query.answer] = texts.count
            texts.append(query.answer)
        }
        var known = task.answers
        for name in contested { known.formUnion(tasks[name]?.answers ?? []) }
        let wrong = task.names.indices.filter { places[$0] == nil && known.contains(task.names[$0]) }
        for place in random.permutation(wrong.count).prefix(max(0, Self.texts - texts.count)) {
            texts.append(wrong[place])
        }
        let tape = try encoder.record(texts.map { task.pool[$0] } + queries.map(\.text), adapter: adapter)
        let (loss, gradients) = Self.crossEntropy(
            tape.embeddings, texts: texts.count, answers: queries.map { places[$0.answer] ?? 0 })
        guard loss.isFinite else {
            throw SgloradError(
                .trainingFailed,
                "The loss on the task '\(expert)' is not finite. Check the texts of the task, or train without it.",
                parameters: ["base": .string(""), "reason": .string("the loss diverged")])
        }
        return (loss, encoder.gradient(tape, byEmbeddings: gradients, adapter: adapter))
    }

    /// The mean cross-entropy of the queries, and its gradient with respect to every embedding.
    ///
    /// - Parameters:
    ///   - embeddings: the embeddings of the texts, then those of the queries.
    ///   - texts: the number of texts.
    ///   - answers: for each query the index of its right text.
    static func crossEntropy(
        _ embeddings: [[Float]], texts count: Int, answers: [Int]
    ) -> (loss: Float, gradients: [[Float]]) {
        let texts = Matrix(stacking: Array(embeddings[..<count]))
        let queries = Matrix(stacking: Array(embeddings[count...]))
        var logits = queries.multiplied(by: texts, transposeOther: true)
        let share = 1 / Float(max(1, answers.count))
        var loss: Float = 0
        for (row, answer) in answers.enumerated() {
            let scaled = logits.row(row).map { Double($0 * scale) }
            let peak = scaled.max() ?? 0
            let total = scaled.reduce(0) { $0 + exp($1 - peak) }
            for column in 0..<count {
                let probability = Float(exp(scaled[column] - peak) / total)
                logits[row, column] = share * scale * (probability - (column == answer ? 1 : 0))
            }
            loss += share * Float(peak + log(total) - scaled[answer])
        }
        let byQueries = logits.multiplied(by: texts)
        let byTexts = logits.multiplied(by: queries, transposeSelf: true)
        return (
            loss,
            (0..<byTexts.rows).map { byTexts.row($0) } + (0..<byQueries.rows).map { byQueries.row($0) }
        )
    }
}

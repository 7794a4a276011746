public import ErrorModel
public import Generation
public import LinearAlgebra
public import LowRank
public import TextEncoding

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Judges adapters by how well they tell a query's right answer from wrong ones, with the slope.
///
/// For queries q and texts t of the pool, encoded with the adapter: the cross-entropy of softmax(20·q·t) at the right text.
/// The experts were trained with that temperature (../shared/README.md), as sentence encoders usually are.
public struct ContrastiveObjective: TaskObjective {
    /// What is divided by to give the logits their temperature: 1/20.
    private static let scale: Float = 20
    /// How many queries of a task one loss looks at.
    private static let queries = 32
    /// How many texts of the pool stand beside each other, right ones included.
    private static let texts = 48
    /// Texts are cut to so many tokens: what follows costs time and tells little.
    private static let tokens = 64

    private struct Task: Sendable {
        let pool: [TokenizedText]
        let queries: [(text: TokenizedText, answer: Int)]
        /// The pool's texts by their words, to find those that are another task's answers.
        let names: [String]
        /// Which texts of the pool are right for some query.
        let answers: Set<String>
    }

    private let encoder: SentenceEncoder
    private let tasks: [String: Task]

    /// The names of the experts whose tasks can be judged, sorted.
    public let experts: [String]

    /// Prepares the judge.
    ///
    /// - Parameters:
    ///   - encoder: the text encoder, which must be the base itself.
    ///   - tasks: the experts' own tasks, by the experts' names.
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

    /// The loss on up to 32 queries of a task, and its gradient by the adapter's vector.
    ///
    /// Wrong answers are texts that are right in some contested task. A pool may hold the answers of many tasks (an
    /// assistant's hundred and fifty intents): had an adapter to learn that all others are wrong, it would learn that those of
    /// the tasks that are left out are wrong as well.
    public func loss(
        of adapter: LoRAAdapter, onTaskOf expert: String, contested: Set<String>, random: inout CounterRandom
    ) throws(SgloradError) -> (loss: Float, gradient: [Float]) {
        guard let task = tasks[expert] else { throw .internal("there is no task of the expert '\(expert)'") }
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
                .trainingFailed, "The loss on the task of '\(expert)' is not a number; look at its texts.",
                parameters: ["base": .string(""), "reason": .string("the loss diverged")])
        }
        return (loss, encoder.gradient(tape, byEmbeddings: gradients, adapter: adapter))
    }

    /// The mean cross-entropy of the queries, and its gradient by every embedding.
    ///
    /// - Parameters:
    ///   - embeddings: those of the texts, then those of the queries.
    ///   - texts: how many texts there are.
    ///   - answers: for each query the place of its right text.
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

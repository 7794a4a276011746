internal import ErrorModel
internal import Generation
internal import TextEncoding

/// The answered texts that an expert's task is known by, and the queries that are left to judge it on.
struct ExpertTexts: Sendable {
    /// The most examples of a left-out expert's task, as many as a typical request brings.
    static let mostGiven = 16

    /// What is trained with, the first ones.
    let trained: [AnsweredTexts.Pair]
    /// What a request for the task brings, if the expert is left out; none of them is a query of ``judged``.
    let given: [AnsweredTexts.Pair]
    /// Whether they are queries of the task, for want of others.
    let areQueries: Bool
    /// The task with the queries that judge; nil without a task, or if no query is left.
    let judged: EvaluationTask?

    /// Takes the texts of an expert's training or, without any, examples of its task, or else the queries, of which the first
    /// are then given, at most half of them, and the rest judges.
    ///
    /// - Parameters:
    ///   - training: texts of the expert's task other than the queries; nil if there are none.
    ///   - task: the expert's own task; nil if it is not known.
    /// - Returns: nil if there is neither.
    init?(_ training: AnsweredTexts?, _ task: EvaluationTask?) {
        let examples = (task?.examples ?? []).compactMap { example in
            example.answer.map { AnsweredTexts.Pair(text: example.text, answer: $0) }
        }
        let others = training?.pairs ?? examples
        if !others.isEmpty {
            let queries = Set(task?.queries.map(\.text) ?? [])
            trained = Array(others.prefix(ExpertExamples.most))
            given = Array(others.lazy.filter { !queries.contains($0.text) }.prefix(Self.mostGiven))
            judged = task
            areQueries = false
            return
        }
        guard let task else { return nil }
        let pairs = task.queries.compactMap { query in
            task.pool.indices.contains(query.answer)
                ? AnsweredTexts.Pair(text: query.text, answer: task.pool[query.answer]) : nil
        }
        guard !pairs.isEmpty else { return nil }
        areQueries = true
        trained = Array(pairs.prefix(ExpertExamples.most))
        given = Array(pairs.prefix(min(Self.mostGiven, pairs.count / 2)))
        let texts = Set(given.map(\.text))
        let rest = task.queries.filter { !texts.contains($0.text) }
        judged = rest.isEmpty ? nil : task.with(pool: task.pool, queries: rest, oracle: task.oracle)
    }

    /// The texts of a library's experts, by their names; without those that have none.
    ///
    /// - Parameters:
    ///   - experts: their names.
    ///   - tasks: the experts' own tasks; others are ignored.
    ///   - training: texts to take instead of the tasks' own.
    static func all(
        of experts: [String], _ tasks: [EvaluationTask], _ training: [AnsweredTexts]
    ) -> [String: ExpertTexts] {
        let judged = Dictionary(tasks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let given = Dictionary(training.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var all: [String: ExpertTexts] = [:]
        for name in experts { all[name] = ExpertTexts(given[name], judged[name]) }
        return all
    }
}

extension SentenceEncoder {
    /// The embeddings of answered texts, without an adapter; an answer that comes again is encoded once.
    ///
    /// - Parameter pairs: at least one.
    /// - Throws: `invalidModel` if the model's parameters make an embedding overflow.
    func examples(_ pairs: [AnsweredTexts.Pair]) throws(SgloradError) -> ExpertExamples {
        var places: [String: Int] = [:]
        var distinct: [String] = []
        for text in pairs.map(\.text) + pairs.map(\.answer) where places[text] == nil {
            places[text] = distinct.count
            distinct.append(text)
        }
        let encodings = try encode(batch: distinct, adapter: nil)
        func embeddings(_ texts: [String]) -> [[Float]] {
            texts.compactMap { places[$0].map { encodings[$0].embedding } }
        }
        return ExpertExamples(
            texts: embeddings(pairs.map(\.text)), answers: embeddings(pairs.map(\.answer)))
    }

    /// The embeddings of several experts' answered texts, by the experts' names; without experts that have none.
    ///
    /// - Parameters:
    ///   - pairs: the answered texts by the experts' names.
    ///   - threads: how many experts' texts are encoded at once; it does not change the result.
    /// - Throws: as ``examples(_:)``.
    func examples(
        of pairs: [String: [AnsweredTexts.Pair]], threads: Int
    ) throws(SgloradError) -> [String: ExpertExamples] {
        let wanted = pairs.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        let made = try Workers.map(wanted.count, threads: threads) { place throws(SgloradError) in
            try examples(wanted[place].value)
        }
        return Dictionary(zip(wanted.map(\.key), made), uniquingKeysWith: { first, _ in first })
    }
}

public import ErrorModel
internal import Generation
internal import LinearAlgebra

/// A retrieval task on which adapters are judged: for each query, find its answer in a pool of texts.
public struct EvaluationTask: Sendable, Hashable, Codable {
    /// A query with its known answer.
    public struct Query: Sendable, Hashable, Codable {
        public let text: String
        /// The index of the answer in the pool.
        public let answer: Int

        /// Creates a query.
        public init(text: String, answer: Int) {
            self.text = text
            self.answer = answer
        }
    }

    /// An example of the task, as a request may bring it.
    public struct Example: Sendable, Hashable, Codable {
        public let text: String
        /// The right answer; nil if it is not known.
        public let answer: String?

        /// Creates an example.
        public init(text: String, answer: String?) {
            self.text = text
            self.answer = answer
        }
    }

    /// The part of an evaluation that a task declares itself part of.
    public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
        /// The expert of the task's name was trained on it; it is judged with that expert's fold left out.
        case expert
        /// No expert was trained on it; it is judged with the whole library.
        case heldOut = "heldout"
    }

    /// The task's name; an expert of the same name was trained on this task.
    public let name: String
    /// A description of the task in plain words, used as the intent.
    public let description: String
    /// The declared split; nil lets the names of the experts decide.
    public let split: Split?
    /// The family of tasks, for means per family; empty if there is none.
    public let family: String
    /// The texts from which answers are retrieved.
    public let pool: [String]
    public let queries: [Query]
    /// Examples, none of which is a query, for the curve of what examples are worth; nil for a task without.
    public let examples: [Example]?
    /// Recall@1 of an adapter that was trained on the task, 0...1; nil if it is not known.
    public let oracle: Double?

    /// Creates a task without checking it; see ``validate()``.
    public init(
        name: String, description: String, split: Split? = nil, family: String = "", pool: [String],
        queries: [Query], examples: [Example]? = nil, oracle: Double? = nil
    ) {
        self.name = name
        self.description = description
        self.split = split
        self.family = family
        self.pool = pool
        self.queries = queries
        self.examples = examples
        self.oracle = oracle
    }

    private enum CodingKeys: String, CodingKey {
        case name, description, split, family, pool, queries, examples, oracle
    }

    /// Decodes a task; unknown fields, such as results measured elsewhere, are ignored.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        description = try container.decode(String.self, forKey: .description)
        split = try container.decodeIfPresent(Split.self, forKey: .split)
        family = try container.decodeIfPresent(String.self, forKey: .family) ?? ""
        pool = try container.decode([String].self, forKey: .pool)
        queries = try container.decode([Query].self, forKey: .queries)
        examples = try container.decodeIfPresent([Example].self, forKey: .examples)
        oracle = try container.decodeIfPresent(Double.self, forKey: .oracle)
    }
}

extension EvaluationTask {
    /// The maximum number of tasks of an evaluation.
    public static let maximumCount = 1024
    /// The maximum number of texts in a pool.
    public static let maximumPool = 4096
    /// The maximum number of queries of a task.
    public static let maximumQueries = 4096
    /// The maximum length of a text, in bytes.
    public static let maximumTextBytes = 32_768
    /// The maximum number of examples of a task, as of a request.
    public static let maximumExamples = 32
    /// The maximum lengths of an example's text and answer, in bytes, as of a request's.
    public static let maximumExampleBytes = (text: 1_024, answer: 256)
    /// The maximum length of the name of a task or family, in bytes.
    public static let maximumNameBytes = 256

    /// Checks that no field is empty, too large or out of range.
    ///
    /// - Throws: `invalidRequest` naming the task and the field.
    public func validate() throws(SgloradError) {
        guard Self.isFilled(name), name.utf8.count <= Self.maximumNameBytes else {
            throw .invalidRequest(
                field: "tasks",
                reason: "holds a task whose name is empty or over \(Self.maximumNameBytes) bytes")
        }
        guard family.utf8.count <= Self.maximumNameBytes else {
            throw invalid("family", "is over \(Self.maximumNameBytes) bytes")
        }
        try check(description, "description")
        try checkCount(pool.count, "pool", Self.maximumPool)
        try checkCount(queries.count, "queries", Self.maximumQueries)
        for (place, text) in pool.enumerated() { try check(text, "pool[\(place)]") }
        for (place, query) in queries.enumerated() {
            try check(query.text, "queries[\(place)].text")
            guard pool.indices.contains(query.answer) else {
                throw invalid(
                    "queries[\(place)].answer",
                    "is \(query.answer); it must be 0 to \(pool.count - 1), an index into pool")
            }
        }
        try checkExamples()
        if let oracle, !(0...1).contains(oracle) {
            throw invalid("oracle", "is \(oracle); it must be 0 to 1, a share of the queries")
        }
    }

    private func checkExamples() throws(SgloradError) {
        guard let examples else { return }
        try checkCount(examples.count, "examples", Self.maximumExamples)
        let limits = Self.maximumExampleBytes
        for (place, example) in examples.enumerated() {
            try check(example.text, "examples[\(place)].text", atMost: limits.text)
            guard let answer = example.answer else { continue }
            try check(answer, "examples[\(place)].answer", atMost: limits.answer)
        }
    }

    /// Checks tasks, and that their names are unique.
    ///
    /// - Throws: `invalidRequest` naming the task and the field.
    public static func validate(_ tasks: [EvaluationTask]) throws(SgloradError) {
        guard (1...maximumCount).contains(tasks.count) else {
            throw .invalidRequest(
                field: "tasks", reason: "holds \(tasks.count) tasks; it must be 1 to \(maximumCount)")
        }
        var names: Set<String> = []
        for task in tasks {
            try task.validate()
            guard names.insert(task.name).inserted else {
                throw .invalidRequest(
                    field: "tasks",
                    reason: "holds two tasks named '\(task.name)'; give each a name of its own")
            }
        }
    }

    /// The same task with those texts alone in its pool that answer any of its queries, in their order; what was measured with
    /// the whole pool is left out.
    var withOwnLabels: EvaluationTask {
        let own = Set(queries.map(\.answer)).sorted()
        let places = Dictionary(zip(own, 0...), uniquingKeysWith: { first, _ in first })
        return with(
            pool: own.map { pool[$0] },
            queries: queries.map { Query(text: $0.text, answer: places[$0.answer] ?? 0) }, oracle: nil)
    }

    /// The same task with at most `count` of its queries, drawn without replacement, in their order.
    func sampled(_ count: Int, seed: UInt64) -> EvaluationTask {
        guard count < queries.count else { return self }
        var random = CounterRandom(seed: seed, stream: StableHash.of("queries/\(name)"))
        let drawn = random.permutation(queries.count).prefix(count).sorted()
        return with(pool: pool, queries: drawn.map { queries[$0] }, oracle: oracle)
    }

    /// The same task with another pool, other queries and another recall of a trained adapter.
    func with(pool: [String], queries: [Query], oracle: Double?) -> EvaluationTask {
        EvaluationTask(
            name: name, description: description, split: split, family: family, pool: pool, queries: queries,
            examples: examples, oracle: oracle)
    }

    private func check(
        _ text: String, _ field: String, atMost limit: Int = maximumTextBytes
    ) throws(SgloradError) {
        guard Self.isFilled(text) else { throw invalid(field, "is empty") }
        guard text.utf8.count <= limit else {
            throw invalid(field, "has \(text.utf8.count) bytes; the maximum is \(limit)")
        }
    }

    private func checkCount(_ count: Int, _ field: String, _ most: Int) throws(SgloradError) {
        guard (1...most).contains(count) else {
            throw invalid(field, "holds \(count) entries; it must be 1 to \(most)")
        }
    }

    private func invalid(_ field: String, _ reason: String) -> SgloradError {
        .invalidRequest(field: "tasks", reason: "holds the task '\(name)', whose \(field) \(reason)")
    }

    private static func isFilled(_ text: String) -> Bool {
        text.unicodeScalars.contains { !$0.properties.isWhitespace }
    }
}

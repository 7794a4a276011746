/// A retrieval task that adapters are judged by: for each query, the right text of a pool is to be found.
public struct EvaluationTask: Sendable, Hashable, Codable {
    /// A text whose right answer is known.
    public struct Query: Sendable, Hashable, Codable {
        /// The query's text.
        public let text: String
        /// The place of the right answer in the pool.
        public let answer: Int

        /// Makes a query.
        public init(text: String, answer: Int) {
            self.text = text
            self.answer = answer
        }
    }

    /// Which part of an evaluation a task says that it belongs to.
    public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
        /// An expert of the task's name was trained on it: it is judged with that expert left out.
        case expert
        /// No expert has seen it: it is judged with the whole library.
        case heldOut = "heldout"
    }

    /// The task's name; an expert of the same name was trained on this task.
    public let name: String
    /// What the task is, in plain words: the intent.
    public let description: String
    /// What the task says about itself; without it, the names of the experts decide.
    public let split: Split?
    /// The kind of task, for means over kinds; empty where there is none.
    public let family: String
    /// The texts that answers are chosen from.
    public let pool: [String]
    /// The queries.
    public let queries: [Query]

    /// Makes a task; ``validate()`` checks it.
    public init(
        name: String, description: String, split: Split? = nil, family: String = "", pool: [String],
        queries: [Query]
    ) {
        self.name = name
        self.description = description
        self.split = split
        self.family = family
        self.pool = pool
        self.queries = queries
    }

    private enum CodingKeys: String, CodingKey {
        case name, description, split, family, pool, queries
    }

    /// Decodes a task; fields of other names, such as figures measured elsewhere, are passed over.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        description = try container.decode(String.self, forKey: .description)
        split = try container.decodeIfPresent(Split.self, forKey: .split)
        family = try container.decodeIfPresent(String.self, forKey: .family) ?? ""
        pool = try container.decode([String].self, forKey: .pool)
        queries = try container.decode([Query].self, forKey: .queries)
    }
}

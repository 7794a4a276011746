public import ErrorModel
public import TextEncoding

/// Texts of an expert's task with their right answers, for training: other texts than those that the task is judged on.
public struct AnsweredTexts: Sendable, Hashable, Codable {
    /// A text and its right answer.
    public struct Pair: Sendable, Hashable, Codable {
        public let text: String
        public let answer: String

        /// Creates a pair.
        public init(text: String, answer: String) {
            self.text = text
            self.answer = answer
        }
    }

    /// The name of the task's expert.
    public let name: String
    /// At most ``EvaluationTask/maximumQueries``.
    public let pairs: [Pair]

    /// Creates the texts of a task without checking them; see ``validate(_:)``.
    public init(name: String, pairs: [Pair]) {
        self.name = name
        self.pairs = pairs
    }

    /// Checks that the texts are bounded and not empty, and that each task comes once.
    ///
    /// - Throws: `invalidRequest` naming the task and the field.
    public static func validate(_ all: [AnsweredTexts]) throws(SgloradError) {
        guard (1...EvaluationTask.maximumCount).contains(all.count) else {
            throw .invalidRequest(
                field: "training",
                reason: "holds \(all.count) tasks; it must be 1 to \(EvaluationTask.maximumCount)")
        }
        var names: Set<String> = []
        for texts in all {
            guard names.insert(texts.name).inserted else {
                throw .invalidRequest(
                    field: "training",
                    reason: "holds two tasks named '\(texts.name)'; give the texts of a task together")
            }
            do {
                try texts.task(besides: nil).validate()
            } catch {
                throw .invalidRequest(
                    field: "training",
                    reason: "holds texts of '\(texts.name)' that cannot be learned from: \(error.message)")
            }
        }
    }

    /// The texts as a task, whose pool is their answers and those of the task that it is judged on, for more wrong ones.
    ///
    /// - Parameter judged: the task of the same name; nil if it is not known.
    func task(besides judged: EvaluationTask?) -> EvaluationTask {
        var places: [String: Int] = [:]
        var pool: [String] = []
        let answers = pairs.lazy.map(\.answer) + (judged?.pool ?? [])
        for answer in answers where places[answer] == nil {
            guard pool.count < EvaluationTask.maximumPool else { break }
            places[answer] = pool.count
            pool.append(answer)
        }
        return EvaluationTask(
            name: name, description: judged?.description ?? name, pool: pool,
            queries: pairs.compactMap { pair in
                places[pair.answer].map { EvaluationTask.Query(text: pair.text, answer: $0) }
            })
    }
}

extension ContrastiveObjective {
    /// The loss on the experts' own tasks, by other texts than those that are judged where such are given.
    ///
    /// - Parameters:
    ///   - encoder: the text encoder, which must be the base itself.
    ///   - tasks: the tasks to judge on, named as the experts.
    ///   - training: texts to train on; if there are any, no query of `tasks` is read.
    ///   - experts: the names of the experts that may be learned from.
    /// - Throws: `invalidRequest` if no task is named as an expert.
    public init(
        encoder: SentenceEncoder, tasks: [EvaluationTask], training: [AnsweredTexts], experts: Set<String>
    ) throws(SgloradError) {
        let judged = Dictionary(tasks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let learned =
            training.isEmpty ? tasks : training.map { $0.task(besides: judged[$0.name]) }
        let own = learned.filter { experts.contains($0.name) }
        guard !own.isEmpty else {
            throw .invalidRequest(
                field: training.isEmpty ? "tasks" : "training",
                reason: "holds no task named as an expert of the library; name each task as its expert")
        }
        self.init(encoder: encoder, tasks: own)
    }
}

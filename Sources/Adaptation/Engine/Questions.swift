internal import AdapterFormats
internal import ErrorModel
internal import Evaluation
internal import Generation
internal import LinearAlgebra
internal import LlamaServer

/// A task as a language model is asked it: a prompt for each query, and the grammar of the answers.
struct Questions {
    struct Question {
        let prompt: String
        /// The index of the right label.
        let answer: Int
    }

    let all: [Question]
    /// Allows the answers that name a label of the task, and nothing else.
    let grammar: String
    /// The most tokens of an answer.
    let longestAnswer: Int
    /// The tokens that the longest prompt and its answer have room in.
    let context: Int

    /// The labels as the answers say them, without white space at either end.
    private let said: [String: Int]

    /// Prepares a task's questions.
    ///
    /// - Throws: `invalidRequest` for the field `tasks` if a label is too long, holds a control character or equals another, if
    ///   there are too many, or a prompt is too long.
    init(_ task: EvaluationTask, form: PromptForm) throws(SgloradError) {
        func invalid(_ reason: String) -> SgloradError {
            .invalidRequest(field: "tasks", reason: "holds the task '\(task.name)', \(reason)")
        }
        guard (1...Engine.mostLabels).contains(task.pool.count) else {
            throw invalid(
                "which has \(task.pool.count) labels; with the engine it must be 1 to \(Engine.mostLabels)")
        }
        var said: [String: Int] = [:]
        for (place, label) in task.pool.enumerated() {
            guard label.utf8.count <= Engine.longestLabel, !label.holdsControlCharacter else {
                throw invalid(
                    "of which pool[\(place)] cannot be a label: with the engine it must have at most "
                        + "\(Engine.longestLabel) bytes, and no line breaks or other control characters")
            }
            guard said.updateValue(place, forKey: Self.trimmed(form.answer(naming: label))) == nil else {
                throw invalid("which has the label \(Quoted(label)) twice; make its texts differ")
            }
        }
        self.said = said
        let answers = task.pool.map(form.answer(naming:))
        grammar = AnswerGrammar.oneOf(answers)
        // A token is at least one byte of text; a tokenizer may put one before it, and the end is another.
        longestAnswer = (answers.map(\.utf8.count).max() ?? 0) + 2
        var random = CounterRandom(seed: 0, stream: StableHash.of("labels/\(task.name)"))
        all = task.queries.map { query in
            let order = random.permutation(task.pool.count).map { task.pool[$0] }
            return Question(prompt: form.prompt(labels: order, text: query.text), answer: query.answer)
        }
        let longest = (all.map(\.prompt.utf8.count).max() ?? 0) + longestAnswer + 8
        guard longest <= Engine.longestContext else {
            throw invalid(
                "of which a prompt with its labels has \(longest) bytes; with the engine it must be at most "
                    + "\(Engine.longestContext)")
        }
        context = (longest + 255) / 256 * 256
    }

    /// The index of the label that an answer names.
    ///
    /// - Throws: `storageFailure` that names the program, if the answer is none that the grammar allows.
    func label(of answer: String, program: String) throws(SgloradError) -> Int {
        if let label = said[Self.trimmed(answer)] { return label }
        throw .storageFailure(
            program,
            "llama-server answered \(Quoted(answer)), which is none of the labels that the grammar holds it to. Use the "
                + "llama-server of a llama.cpp from 2025 or later.")
    }

    private static func trimmed(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return String(String.UnicodeScalarView(scalars))
    }
}

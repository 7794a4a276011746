import AdapterFormats
import ErrorModel
import Evaluation
import TestSupport
import Testing

@testable import Adaptation

@Suite("Questions to a language model")
struct QuestionsTests {
    private static let form = Result {
        try PromptForm(prompt: "Intents: {labels}.\nUtterance: {text}\nIntent:", answer: " {answer}\n")
    }

    private func task(pool: [String], texts: [String] = ["a", "b", "c"]) -> EvaluationTask {
        EvaluationTask(
            name: "task", description: "d", pool: pool, queries: texts.map { .init(text: $0, answer: 0) })
    }

    @Test func `each prompt lists all labels, in an order that is the same every time`() throws {
        let task = task(pool: ["one", "two", "three", "four"])
        let (first, second) = (
            try Questions(task, form: Self.form.get()), try Questions(task, form: Self.form.get())
        )
        #expect(first.all.map(\.prompt) == second.all.map(\.prompt))
        for (question, text) in zip(first.all, ["a", "b", "c"]) {
            #expect(question.prompt.hasSuffix(".\nUtterance: \(text)\nIntent:"))
            let listed = question.prompt.dropFirst("Intents: ".count).prefix { $0 != "." }
            #expect(listed.split(separator: ", ").sorted() == ["four", "one", "three", "two"])
        }
        #expect(first.grammar == #"root ::= " one\x0A" | " two\x0A" | " three\x0A" | " four\x0A""#)
        #expect(first.longestAnswer == " three\n".utf8.count + 2)
        #expect(first.context == 256)
    }

    @Test func `an answer names its label, whatever white space is around it`() throws {
        let questions = try Questions(task(pool: ["one", "two words"]), form: Self.form.get())
        #expect(try questions.label(of: " two words\n", program: "p") == 1)
        #expect(try questions.label(of: "one", program: "p") == 0)
        refusal(.storageFailure) { try questions.label(of: " on", program: "p") }
    }

    @Test func `hostile labels stay within the grammar's literals`() throws {
        let questions = try Questions(task(pool: ["\" | .*", "a\\", "[^x]"]), form: Self.form.get())
        #expect(questions.grammar == #"root ::= " \x22 | .*\x0A" | " a\x5C\x0A" | " \x5B^x\x5D\x0A""#)
    }

    @Test(arguments: [
        ["a", "a"], ["a", "a "], ["a\nb"], ["a\u{1B}[31m"], [String(repeating: "x", count: 257)],
        (0...512).map(String.init),
    ])
    func `labels that no answer could tell apart, or that are none, are refused`(pool: [String]) throws {
        let error = refusal(.invalidRequest) { try Questions(task(pool: pool), form: Self.form.get()) }
        #expect(error?.message.contains("'task'") == true)
    }

    @Test func `a prompt beyond the longest context is refused`() throws {
        let long = String(repeating: "x", count: 16_384)
        refusal(.invalidRequest) { try Questions(task(pool: ["a"], texts: [long]), form: Self.form.get()) }
    }
}

import ErrorModel
import Evaluation
import Foundation
import Testing

@Suite("EvaluationTask")
struct EvaluationTaskTests {
    private static let task = EvaluationTask(
        name: "t", description: "match", pool: ["a", "b"], queries: [.init(text: "q", answer: 1)])

    @Test func `task files are decoded`() throws {
        let text = """
            {"name": "birds", "family": "wn", "description": "Match birds", "pool": ["owl", "hen"], "split": "heldout",
             "queries": [{"text": "hoots", "answer": 0}], "recallAt1": {"base": 0.5}}
            """
        let task = try JSONDecoder().decode(EvaluationTask.self, from: Data(text.utf8))
        #expect(
            task
                == EvaluationTask(
                    name: "birds", description: "Match birds", split: .heldOut, family: "wn",
                    pool: ["owl", "hen"],
                    queries: [.init(text: "hoots", answer: 0)]))
        try task.validate()
        #expect(try JSONDecoder().decode(EvaluationTask.self, from: JSONEncoder().encode(task)) == task)
        let least =
            #"{"name": "n", "description": "d", "pool": ["p"], "queries": [{"text": "t", "answer": 0}]}"#
        let small = try JSONDecoder().decode(EvaluationTask.self, from: Data(least.utf8))
        #expect(small.split == nil && small.family.isEmpty)
    }

    /// An invalid task, and the expected error message.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let task: EvaluationTask
        let says: String
        var testDescription: String { says }

        init(
            _ says: String, name: String = "t", description: String = "d", pool: [String] = ["a", "b"],
            queries: [EvaluationTask.Query] = [.init(text: "q", answer: 0)],
            examples: [EvaluationTask.Example]? = nil, oracle: Double? = nil
        ) {
            self.says = says
            task = EvaluationTask(
                name: name, description: description, pool: pool, queries: queries, examples: examples,
                oracle: oracle)
        }
    }

    @Test(arguments: [
        Wrong("name is empty", name: " "), Wrong("description is empty", description: "\n"),
        Wrong("pool holds 0 entries", pool: []), Wrong("pool[1] is empty", pool: ["a", ""]),
        Wrong("queries holds 0 entries", queries: []),
        Wrong("queries[0].answer is 2; it must be 0 to 1", queries: [.init(text: "q", answer: 2)]),
        Wrong("queries[0].answer is -1", queries: [.init(text: "q", answer: -1)]),
        Wrong("queries[0].text is empty", queries: [.init(text: "", answer: 0)]),
        Wrong("pool[0] has 32769 bytes", pool: [String(repeating: "x", count: 32_769)]),
        Wrong("pool holds 4097 entries", pool: [String](repeating: "x", count: 4097)),
        Wrong("examples holds 0 entries", examples: []),
        Wrong(
            "examples holds 33 entries", examples: .init(repeating: .init(text: "x", answer: nil), count: 33)),
        Wrong(
            "examples[0].text has 1025 bytes",
            examples: [.init(text: String(repeating: "x", count: 1_025), answer: nil)]),
        Wrong("examples[0].answer is empty", examples: [.init(text: "x", answer: "")]),
        Wrong("oracle is 1.5", oracle: 1.5),
    ])
    func `an invalid task is refused with the field and the reason`(wrong: Wrong) {
        let error = #expect(throws: SgloradError.self) { try wrong.task.validate() }
        #expect(error?.code == .invalidRequest)
        #expect(error?.message.contains(wrong.says) == true, "\(error?.message ?? "")")
        if wrong.task.name == "t" { #expect(error?.message.contains("'t'") == true) }
    }

    @Test func `names must be unique`() throws {
        try EvaluationTask.validate([Self.task])
        #expect(throws: SgloradError.self) { try EvaluationTask.validate([]) }
        let error = #expect(throws: SgloradError.self) {
            try EvaluationTask.validate([Self.task, Self.task])
        }
        #expect(error?.message.contains("'t'") == true)
    }
}

import ErrorModel
import Foundation
import SgloradInterface
import TestSupport
import Testing

@testable import sglorad_ctl

/// Reading of texts to train on.
@Suite struct TrainingFolderReaderTests {
    private static let good = "{\"text\": \"it hoots\", \"answer\": \"owl\"}\n"

    private func read(
        _ files: [String: String], besides tasks: [Wire.EvaluationTask] = []
    ) throws -> [Wire.AnsweredTexts] {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(text, to: name) }
        return try TrainingFolderReader.texts(inFolder: folder.path, besides: tasks)
    }

    @Test func textsAreNamedAsTheirFilesAndBlankLinesIgnored() throws {
        let texts = try read([
            "wn-fish.jsonl": Self.good, "wn-birds.jsonl": Self.good + "\r\n\n" + Self.good, "a.json": "{}",
            ".x.jsonl": "no",
        ])
        #expect(texts.map(\.name) == ["wn-birds", "wn-fish"])
        #expect(texts.map(\.pairs.count) == [2, 1])
        #expect(texts[0].pairs[0] == Wire.AnsweredText(text: "it hoots", answer: "owl"))
    }

    @Test(arguments: [
        (["notes.txt": "no"], "no *.jsonl file"), (["a.jsonl": "\n \n"], "a.jsonl: it holds no line"),
        (["a.jsonl": good + "{\"text\": 1}"], "a.jsonl: line 2"), (["a.jsonl": "[]"], "line 1"),
        (["a.jsonl": "{\"text\": \"a\"}"], "\"answer\""),
    ])
    func errorNamesFileAndLine(_ files: [String: String], _ says: String) {
        let error = #expect(throws: SgloradError.self) { try read(files) }
        #expect(error?.code == .invalidFile)
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
    }

    @Test func tasksAndTextsShareTheLimit() throws {
        let task = Wire.EvaluationTask(
            name: "n", description: "d", pool: [String(repeating: "a", count: TaskFolderReader.limit)],
            queries: [])
        let error = #expect(throws: SgloradError.self) {
            try read(["wn-fish.jsonl": Self.good], besides: [task])
        }
        #expect(error?.message.contains("exceed the limit") == true)
    }
}

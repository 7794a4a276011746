import ErrorModel
import Foundation
import SgloradInterface
import TestSupport
import Testing
import Varlink

@testable import sglorad_ctl

/// Reading of task files.
@Suite struct TaskFolderReaderTests {
    private static let good =
        #"{"name": "n", "description": "d", "family": "f", "pool": ["a"], "queries": [{"text": "t", "answer": 0}], "recallAt1": {}}"#

    private func read(_ files: [String: String]) throws -> [Wire.EvaluationTask] {
        let folder = try TemporaryFolder()
        for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/\(name)")) }
        return try TaskFolderReader.tasks(inFolder: folder.path)
    }

    @Test func tasksAreReadInTheOrderOfTheirFileNames() throws {
        let second = Self.good.replacing("\"n\"", with: "\"m\"")
        let tasks = try read(["b.json": Self.good, "a.json": second, "notes.txt": "no", ".hidden.json": "no"])
        #expect(tasks.map(\.name) == ["m", "n"])
        #expect(tasks[1].queries == [Wire.EvaluationQuery(text: "t", answer: 0)])
        #expect(tasks[1].family == "f" && tasks[1].split == nil)
    }

    @Test func examplesAreTheFirstLinesOfTheFileOfTheTask() throws {
        let folder = try TemporaryFolder()
        let second = Self.good.replacing("\"n\"", with: "\"m\"").replacing("{}", with: #"{"oracle": 0.75}"#)
        for (name, text) in [("tasks/a.json", Self.good), ("tasks/b.json", second)] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/tasks", withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/\(name)"))
        }
        let examples = "\(folder.path)/examples"
        try FileManager.default.createDirectory(atPath: examples, withIntermediateDirectories: true)
        func read() throws -> [Wire.EvaluationTask] {
            try TaskFolderReader.tasks(inFolder: "\(folder.path)/tasks", examples: examples)
        }
        let none = #expect(throws: SgloradError.self) { try read() }
        #expect(none?.message.contains("examples of none of the tasks") == true)
        let lines = (1...40).map { #"{"text": "t\#($0)", "answer": "a"}"# } + ["not JSON"]
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: "\(examples)/m.jsonl"))
        let tasks = try read()
        #expect(tasks[0].examples == nil && tasks[0].oracle == nil)
        #expect(tasks[1].examples?.map(\.text) == (1...32).map { "t\($0)" } && tasks[1].oracle == 0.75)
        try Data(#"{"text": 7}"#.utf8).write(to: URL(filePath: "\(examples)/n.jsonl"))
        let wrong = #expect(throws: SgloradError.self) { try read() }
        #expect(wrong?.message.contains("line 1") == true && wrong?.message.contains("n.jsonl") == true)
    }

    @Test(arguments: [
        (["notes.txt": "no"], "no task file"),
        (["bad.json": "{"], "bad.json: it is not a valid task: it is not JSON"),
        (["bad.json": "[]"], "bad.json"),
        (
            ["bad.json": good.replacing("\"pool\"", with: "\"pond\"")],
            "bad.json: it is not a valid task: \"pool\" is missing"
        ),
        (
            ["good.json": good, "worse.json": good.replacing(": 0", with: ": \"x\"")],
            "worse.json: it is not a valid task: \"queries[0].answer\" is not of type Int"
        ),
    ])
    func errorNamesFileAndField(_ files: [String: String], _ says: String) {
        let error = #expect(throws: SgloradError.self) { try read(files) }
        #expect(error?.code == .invalidFile)
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
    }

    @Test func missingFolderIsReported() {
        let error = #expect(throws: SgloradError.self) { try TaskFolderReader.tasks(inFolder: "/nowhere") }
        #expect(error?.message.contains("/nowhere") == true)
    }

    @Test func oversizedTasksAreRejectedBeforeSending() {
        let large = Self.good.replacing("\"a\"", with: "\"\(String(repeating: "a", count: 7 << 20))\"")
        let error = #expect(throws: SgloradError.self) { try read(["a.json": large, "b.json": large]) }
        #expect(error?.message.contains("b.json") == true && error?.message.contains("12.0 MiB") == true)
    }
}

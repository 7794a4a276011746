import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// `generator evaluate` with the real daemon, model and experts, on tasks of a few texts.
@Suite("Evaluation", .timeLimit(.minutes(20)), .needsModel)
struct EvaluationTests {
    private static let experts = Places.experts("wn-birds", "wn-fish", "clinc-travel-0")

    /// Writes a task for each expert and a held-out one.
    private static func writeTasks(_ folder: String) throws {
        let animals = [
            ("a bird that hoots at night", "owl"), ("a fish with sharp teeth", "shark"),
            ("a flightless bird of the south", "penguin"), ("a flat fish", "flounder"),
        ]
        let travel = [
            ("how do I get a visa", "visa"), ("book me a plane", "flight"), ("a room for two", "hotel"),
        ]
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, family, texts) in [
            ("wn-birds", "wn", animals), ("wn-fish", "wn", animals), ("clinc-travel-0", "clinc", travel),
            ("reptiles", "wn", animals),
        ] {
            let task = Wire.EvaluationTask(
                name: name, description: "Match definitions of \(name) to their names", family: family,
                pool: texts.map(\.1),
                queries: texts.enumerated().map { Wire.EvaluationQuery(text: $1.0, answer: $0) })
            try JSONEncoder().encode(task).write(to: URL(filePath: "\(folder)/\(name).json"))
        }
    }

    private static func run(_ body: @Sendable (TestDaemon, String) async throws -> Void) async throws {
        try await TestDaemon.run(experts: experts) { daemon in
            let tasks = "\(daemon.folder)/tasks"
            try writeTasks(tasks)
            try await body(daemon, tasks)
        }
    }

    @Test("every method is evaluated in both parts, and a second run gives the same report")
    func judgesEverything() async throws {
        try await Self.run { daemon, tasks in
            let trained = try await daemon.control("generator", "train", "--steps", "40")
            try #require(trained.status == 0, "\(trained.error)")
            let page = "\(daemon.folder)/report.html"
            let arguments = ["generator", "evaluate", "--tasks", tasks, "--seed", "5", "--json"]
            let first = try await daemon.control(arguments + ["--html", page])
            try #require(first.status == 0, "\(first.output) \(first.error)")
            let report = try #require(first.decode(Methods.EvaluateGenerator.Reply.self).report)
            #expect(report.parts.map(\.name) == ["held-out", "leave-out"])
            #expect(report.parts.map { $0.groups[0].tasks } == [1, 3])
            #expect(report.parts[0].groups[0].methods.count == 13)
            #expect(report.parts[1].groups[0].methods.count == 14, "with the oracle")
            #expect(report.parts[1].groups.compactMap(\.family) == ["clinc", "wn"])
            #expect(report.seed == 5 && report.generator?.hasPrefix("g-") == true)
            #expect(first.error.contains("training") && first.error.contains("evaluating"))
            let html = try String(contentsOfFile: page, encoding: .utf8)
            #expect(html.contains("</html>") && html.contains("<svg"))
            #expect(daemon.files("private/temporary") == [])

            let second = try await daemon.control(arguments)
            #expect(second.output == first.output)
            let again = try await daemon.control(arguments + ["--html", page])
            #expect(again.status == 65 && again.error.contains("already exists"))
        }
    }

    @Test("with examples, the report holds what they are worth, in JSON, text and HTML")
    func examples() async throws {
        try await Self.run { daemon, tasks in
            let examples = "\(daemon.folder)/examples"
            try FileManager.default.createDirectory(atPath: examples, withIntermediateDirectories: false)
            let lines = ["owl", "shark", "penguin", "flounder", "owl"].enumerated().map {
                #"{"text": "an animal, the \#($0)th", "answer": "\#($1)"}"#
            }
            for name in ["reptiles", "wn-birds"] {
                try Data(lines.joined(separator: "\n").utf8).write(
                    to: URL(filePath: "\(examples)/\(name).jsonl"))
            }
            let page = "\(daemon.folder)/examples.html"
            let arguments = [
                "generator", "evaluate", "--tasks", tasks, "--methods", "base,weighted", "--labels", "own",
                "--examples", examples,
            ]
            let outcome = try await daemon.control(arguments + ["--json", "--html", page])
            try #require(outcome.status == 0, "\(outcome.output) \(outcome.error)")
            #expect(outcome.error.contains("refining"))
            let report = try #require(outcome.decode(Methods.EvaluateGenerator.Reply.self).report)
            let curves = try #require(report.examples)
            #expect(curves.map(\.part) == ["held-out", "leave-out"])
            #expect(curves.flatMap(\.tasks).map(\.name) == ["reptiles", "wn-birds"])
            #expect(curves[1].groups[0].points.map(\.kind) == ["without", "without", "with", "merged"])
            #expect(curves[1].groups[0].points.map(\.examples) == [0, 4, 4, 4])
            let html = try String(contentsOfFile: page, encoding: .utf8)
            #expect(html.contains("What examples are worth, leave-out"))
            #expect(daemon.files("private/temporary") == [], "no example is left")
            let text = try await daemon.control(arguments)
            #expect(text.output.contains("examples, held-out: 1 task, 4 queries"))
            #expect(text.output.contains("with answers") && text.output.contains("OF TRAINING"))
            let missing = try await daemon.control(
                "generator", "evaluate", "--tasks", tasks, "--examples", tasks)
            #expect(missing.status == 65 && missing.error.contains("examples of none of the tasks"))
        }
    }

    @Test("without a generator only the merging methods are evaluated")
    func withoutGenerator() async throws {
        try await Self.run { daemon, tasks in
            let outcome = try await daemon.control(
                "generator", "evaluate", "--tasks", tasks, "--held-out", "--methods", "base,weighted,sg-lora")
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(
                outcome.output.contains("VS WEIGHTED")
                    && outcome.output.contains("held-out: 1 task, 4 queries"))
            #expect(outcome.output.contains("there is no generator"))
            #expect(!outcome.output.contains("leave-out"))
        }
    }

    @Test("an invalid evaluation is an error that says what is wrong")
    func errors() async throws {
        try await Self.run { daemon, tasks in
            let empty = "\(daemon.folder)/empty"
            try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
            for (arguments, says) in [
                (["--tasks", empty], "no task file"), (["--tasks", "/nowhere"], "/nowhere"),
                (["--tasks", tasks, "--methods", "best"], "weighted-tuned"),
                (["--tasks", tasks, "--generator", "g-none"], "g-none"),
                (["--tasks", tasks, "--seed=-1"], "seed"),
            ] {
                let outcome = try await daemon.control(["generator", "evaluate"] + arguments)
                #expect(outcome.status == 65, "\(arguments): \(outcome.error)")
                #expect(outcome.error.contains(says), "\(outcome.error)")
            }
            try Data(#"{"name": "x", "description": "y", "pool": []}"#.utf8).write(
                to: URL(filePath: "\(tasks)/bad.json"))
            let missing = try await daemon.control("generator", "evaluate", "--tasks", tasks)
            #expect(missing.status == 65 && missing.error.contains("bad.json"), "\(missing.error)")
            try Data(
                #"{"name": "x", "description": "y", "pool": ["a"], "queries": [{"text": "t", "answer": 1}]}"#
                    .utf8
            )
            .write(to: URL(filePath: "\(tasks)/bad.json"))
            let wrong = try await daemon.control("generator", "evaluate", "--tasks", tasks)
            #expect(
                wrong.status == 65 && wrong.error.contains("'x'") && wrong.error.contains("queries[0].answer")
            )
        }
    }

    @Test("a client that disconnects cancels the evaluation")
    func disconnecting() async throws {
        try await Self.run { daemon, tasks in
            let trained = try await daemon.control("generator", "train", "--steps", "20000", "--width", "4")
            try #require(trained.status == 0, "\(trained.error)")
            let client = try await VarlinkClient.connect(path: daemon.socket)
            let task = try JSONDecoder().decode(
                Wire.EvaluationTask.self, from: Data(contentsOf: URL(filePath: "\(tasks)/wn-birds.json")))
            for try await reply in client.stream(
                Methods.EvaluateGenerator.qualifiedName, Methods.EvaluateGenerator.Parameters(tasks: [task]),
                returning: Methods.EvaluateGenerator.Reply.self)
            {
                guard reply.progress?.stage == "training" else { continue }
                let busy = try await daemon.control("generator", "evaluate", "--tasks", tasks)
                #expect(busy.status == 75, "\(busy.error)")
                break
            }
            await client.close()
            try await eventually("the job's temporary files to be removed") {
                daemon.files("private/temporary").isEmpty
            }
            let next = try await daemon.control(
                "generator", "evaluate", "--tasks", tasks, "--methods", "base", "--held-out")
            #expect(next.status == 0, "\(next.error)")
        }
    }
}

import AdapterFormats
import Files
import Foundation
import LinearAlgebra
import SgloradInterface
import TestSupport
import Testing
import Varlink

/// `--engine` with the real daemon and a stand-in for llama-server that answers by rule.
///
/// The base is the text encoder, described as a language model would be: to the engine it makes no difference.
@Suite("Engine", .timeLimit(.minutes(20)), .needsModel)
struct EngineTests {
    private static let base = "sentence-transformers/all-MiniLM-L6-v2"
    private static let labels = ["owl", "shark", "penguin", "flounder"]
    private static let names = ["wn-birds", "wn-fish", "wn-trees", "clinc-travel-0", "reptiles"]

    /// A daemon with an engine, and where the files of the stand-in lie.
    private struct Place: Sendable {
        let daemon: TestDaemon
        let model: String
        var tasks: String { "\(daemon.folder)/tasks" }
        /// The utterances that were completed.
        var calls: [Substring] { lines("calls") }
        /// The identifiers of the stand-in's processes.
        var processes: [Int32] { lines("processes").compactMap { Int32($0) } }

        func lines(_ name: String) -> [Substring] {
            ((try? String(contentsOfFile: "\(model).\(name)", encoding: .utf8)) ?? "").split(separator: "\n")
        }

        func steer(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(model).\(name)"))
        }

        func evaluate(_ more: String...) async throws -> Program.Outcome {
            try await daemon.control(
                [
                    "generator", "evaluate", "--tasks", tasks, "--engine", "--methods",
                    "base,mean,nearest,weighted",
                ]
                    + more)
        }
    }

    private static func run(
        describing: Bool = true, engine: Bool = true, tracing trace: String? = nil,
        _ body: @Sendable (Place) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let models = "\(folder)/models"
            try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: false)
            let configuration = """
                engine:
                  program: \(Places.products)/fake-llama-server
                  models: \(models)

                """
            // -D: strace becomes a grandchild, so that signals reach the daemon. -f: its children are traced.
            let launcher = trace.map { path in
                [
                    "/usr/bin/strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=socket,socketpair",
                    "-o", path,
                ]
            }
            let end = try await TestDaemon.run(
                in: folder, configuration: engine ? configuration : nil, launcher: launcher ?? []
            ) { daemon in
                try await daemon.importExperts()
                let place = Place(daemon: daemon, model: "\(models)/minilm.gguf")
                try writeModel(place.model)
                try writeTasks(place.tasks)
                if describing {
                    let form = "\(folder)/prompt.json"
                    try Data(
                        #"{"prompt": "Intents: {labels}.\nUtterance: {text}\nIntent:", "answer": " {answer}\n"}"#
                            .utf8
                    ).write(to: URL(filePath: form))
                    let added = try await daemon.reply(
                        Methods.AddBase.Reply.self, "base", "add", base, "--gguf", place.model, "--prompt",
                        form)
                    #expect(added.base.prompt?.answer == " {answer}\n")
                }
                try await body(place)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// A GGUF file like that of all-MiniLM-L6-v2, as far as adapters need it.
    private static func writeModel(_ path: String) throws {
        var writer = GGUFWriter()
        try writer.set("general.architecture", .string("bert"))
        try writer.set("bert.block_count", .uint32(6))
        let numbers = FloatVector([Float](repeating: 0, count: 384 * 384))
        for layer in 0..<6 {
            for part in ["attn_q", "attn_v"] {
                try writer.add(
                    "blk.\(layer).\(part).weight", shape: [384, 384], values: numbers, as: .float16)
            }
        }
        try Data(writer.bytes()).write(to: URL(filePath: path))
    }

    /// Four tasks of experts and a held-out one; each text holds its label, and their pools hold more than their labels.
    private static func writeTasks(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in names {
            let task = Wire.EvaluationTask(
                name: name, description: "Match definitions of \(name) to their names",
                pool: ["other"] + labels,
                queries: labels.enumerated().map {
                    Wire.EvaluationQuery(text: "\(name): what is a \($1)", answer: $0 + 1)
                })
            try JSONEncoder().encode(task).write(to: URL(filePath: "\(folder)/\(name).json"))
        }
    }

    @Test("an evaluation counts the answers of llama-server, which is gone afterwards")
    func evaluating() async throws {
        try await Self.run { place in
            let outcome = try await place.evaluate("--json")
            try #require(outcome.status == 0, "\(outcome.output) \(outcome.error)")
            let report = try #require(outcome.decode(Methods.EvaluateGenerator.Reply.self).report)
            #expect(report.judgedBy == "engine" && report.parts.map(\.name) == ["held-out", "leave-out"])
            for part in report.parts {
                let figures = part.groups[0].methods
                #expect(figures.map(\.method) == ["base", "mean", "nearest", "weighted"])
                #expect(
                    figures[0].recallAt1.mean < 0.9 && figures[1...].allSatisfy { $0.recallAt1.mean == 1 })
                #expect(figures[0].recallAt5.mean == figures[0].recallAt1.mean)
                #expect(part.tasks.allSatisfy { $0.pool == 4 }, "only the labels that are answers")
            }
            #expect(place.calls.count == 5 * 4 * 4)
            #expect(outcome.error.contains("answering"))
            #expect(place.processes.count == 5 && !place.processes.contains(where: DaemonProcess.isAlive))
            #expect(
                place.daemon.files("private/engine") == [] && place.daemon.files("private/temporary") == [])

            let bare = try await place.daemon.control(
                "generator", "evaluate", "--tasks", place.tasks, "--engine", "--held-out", "--queries", "1",
                "--json")
            let methods = try bare.decode(Methods.EvaluateGenerator.Reply.self).report?.parts[0].groups[0]
                .methods
            #expect(methods?.map(\.method) == ["base", "mean", "nearest", "weighted"], "without a generator")
            #expect(place.calls.count == 80 + 4)

            let fewer = try await place.evaluate("--queries", "2", "--held-out")
            #expect(fewer.output.contains("held-out: 1 task, 2 queries"), "\(fewer.output) \(fewer.error)")
            #expect(fewer.output.contains("the answers of llama-server"))
            #expect(place.calls.count == 84 + 8)
        }
    }

    @Test(
        "the engine and its callers create only Unix sockets",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"),
            "needs strace: apt-get install strace"))
    func sockets() async throws {
        let folder = try TemporaryFolder()
        try await Self.run(tracing: folder("trace")) { place in
            let outcome = try await place.evaluate("--held-out")
            #expect(outcome.status == 0, "\(outcome.error)")
        }
        // The daemon's, the job's for each call, and the engine's own.
        try PrivacyTests.checkTrace(folder("trace"), least: 20)
    }

    @Test("an evaluation that was broken off goes on where it ended")
    func resuming() async throws {
        try await Self.run { place in
            // Each process completes what one task needs, and no more of the tasks that follow.
            try place.steer("limit", "16")
            let whole = try await place.evaluate("--json")
            try #require(whole.status == 0, "\(whole.error)")
            #expect(place.calls.count == 80)
            try place.steer("limit", "3")
            let failed = try await place.evaluate("--seed", "1")
            #expect(failed.status != 0 && failed.error.contains("the limit is reached"), "\(failed.error)")
            try FileManager.default.removeItem(atPath: "\(place.model).limit")
            try place.steer("slow", "")
            let before = place.calls.count

            let client = try await VarlinkClient.connect(path: place.daemon.socket)
            let parameters = Methods.EvaluateGenerator.Parameters(
                tasks: try Self.names.sorted().map { name in
                    try JSONDecoder().decode(
                        Wire.EvaluationTask.self,
                        from: Data(contentsOf: URL(filePath: "\(place.tasks)/\(name).json")))
                }, methods: ["base", "mean", "nearest", "weighted"], seed: 1, engine: true)
            for try await reply in client.stream(
                Methods.EvaluateGenerator.qualifiedName, parameters,
                returning: Methods.EvaluateGenerator.Reply.self)
            {
                if let progress = reply.progress, progress.stage == "answering", progress.done > 32 { break }
            }
            await client.close()
            try await eventually("the process of the engine to end") {
                !place.processes.contains(where: DaemonProcess.isAlive)
            }
            try await eventually("the job's temporary files to be removed") {
                place.daemon.files("private/temporary").isEmpty
            }
            #expect(!place.daemon.files("private/engine").isEmpty)
            let middle = place.calls.count
            #expect(middle - before >= 32 && middle - before < 80)

            try FileManager.default.removeItem(atPath: "\(place.model).slow")
            let resumed = try await place.evaluate("--seed", "1", "--json")
            try #require(resumed.status == 0, "\(resumed.error)")
            #expect(place.calls.count - middle <= 80 - 32, "two tasks were finished")
            let (first, second) = (
                try whole.decode(Methods.EvaluateGenerator.Reply.self).report,
                try resumed.decode(Methods.EvaluateGenerator.Reply.self).report
            )
            #expect(first?.parts.map { $0.tasks } == second?.parts.map { $0.tasks })
            #expect(place.daemon.files("private/engine") == [])
        }
    }

    @Test("a training has its guidance chosen and is judged by the engine")
    func training() async throws {
        try await Self.run { place in
            let trained = try await place.daemon.reply(
                Methods.TrainGenerator.Reply.self, "generator", "train", "--tasks", place.tasks, "--engine",
                "--steps",
                "20", "--directions", "4")
            let verdict = try #require(trained.generator?.verdict)
            #expect(verdict.judgedBy == "engine" && verdict.tasks == 4)
            #expect(verdict.own == 1 && verdict.weighted == 1 && (verdict.base ?? 1) < 0.9)
            // All guidances answer alike; the first is the paper's.
            #expect(trained.generator?.topK == 4 && trained.generator?.proximity == "plain")
            let shown = try await place.daemon.control(
                "generator", "show", trained.generator?.generatorId ?? "")
            #expect(
                shown.output.contains("right answers of llama-server on 4 held-out experts"),
                "\(shown.output)")
            #expect(place.daemon.files("private/engine") == [])
            let explained = try await place.daemon.reply(
                Methods.Explain.Reply.self, "explain", "definitions of birds")
            #expect(explained.strategy == "sg-lora")
        }
    }

    @Test("what an engine needs and does not find is said, with what to do")
    func errors() async throws {
        try await Self.run(engine: false) { place in
            let outcome = try await place.evaluate()
            #expect(outcome.status == 65 && outcome.error.contains("engine.program"), "\(outcome.error)")
            let training = try await place.daemon.control("generator", "train", "--engine")
            #expect(training.status == 64 && training.error.contains("--tasks"), "\(training.error)")
        }
        try await Self.run(describing: false) { place in
            let bare = try await place.evaluate()
            #expect(bare.status == 65 && bare.error.contains("--gguf"), "\(bare.error)")
            let file = try await place.daemon.control("base", "add", Self.base, "--gguf", place.model)
            #expect(file.status == 0, "\(file.error)")
            let formless = try await place.evaluate()
            #expect(formless.status == 65 && formless.error.contains("--prompt"), "\(formless.error)")
            let form = "\(place.daemon.folder)/prompt.json"
            for (text, says) in [
                (#"{"prompt": "{labels}", "answer": "{answer}"}"#, "{text}"),
                (#"{"prompt": "{labels}{text}", "answer": "{answer}{answer}"}"#, "2 times"),
                (#"{"prompt": "{labels}{text}", "answer": "{answer}", "stop": "x"}"#, "'stop'"),
                (#"{"prompt": "{labels}{text}"}"#, "\"answer\" is missing"), ("[]", "JSON object"),
            ] {
                try Data(text.utf8).write(to: URL(filePath: form))
                let refused = try await place.daemon.control("base", "add", Self.base, "--prompt", form)
                #expect(refused.status == 65 && refused.error.contains(says), "\(text): \(refused.error)")
            }
            try Data(#"{"prompt": "{labels}{text}", "answer": "{answer}", "labels": "its own"}"#.utf8).write(
                to: URL(filePath: form))
            let known = try await place.daemon.reply(
                Methods.AddBase.Reply.self, "base", "add", Self.base, "--prompt", form)
            #expect(known.base.prompt?.prompt == "{labels}{text}" && known.base.modelFile != nil)
            let list = try await place.daemon.control("base", "list")
            #expect(list.output.contains("PROMPT"))
            // The model's file has changed since.
            try Data("GGUF".utf8).write(to: URL(filePath: place.model))
            let changed = try await place.evaluate()
            #expect(changed.status != 0 && changed.error.contains("digest"), "\(changed.error)")
        }
    }
}

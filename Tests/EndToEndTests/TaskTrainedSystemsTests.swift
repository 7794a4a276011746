import AdapterFormats
import Foundation
import LowRank
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Systems that are trained by the tasks' loss: from `generator train` to an adapter, with the real daemon and model.
@Suite("Systems trained by the tasks' loss", .timeLimit(.minutes(20)), .needsModel)
struct TaskTrainedSystemsTests {
    private static let systems = ["multi-task", "metalora", "lora-gen"]
    /// The system that learns from parameters and examples, beside those that the tasks' loss trains.
    private static let icm = "icm-lora"
    private static let intent = "match definitions of birds to their names"
    private static let experts = Places.experts("wn-birds", "wn-fish", "wn-trees", "clinc-travel-0")
    private static let pairs = [
        ("a bird that hoots at night", "owl"), ("a fish with sharp teeth", "shark"),
        ("a flightless bird of the south", "penguin"), ("a flat fish", "flounder"), ("a tall conifer", "fir"),
    ]

    /// Writes a task for each expert and a held-out one to `tasks`, and other texts for each expert to `texts`.
    private static func writeTasks(_ folder: String) throws {
        for name in ["tasks", "texts"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        for name in ["wn-birds", "wn-fish", "wn-trees", "clinc-travel-0", "reptiles"] {
            let task = Wire.EvaluationTask(
                name: name, description: "Match definitions of \(name) to their names", pool: pairs.map(\.1),
                queries: pairs.enumerated().map { Wire.EvaluationQuery(text: $1.0, answer: $0) })
            try JSONEncoder().encode(task).write(to: URL(filePath: "\(folder)/tasks/\(name).json"))
            guard name != "reptiles" else { continue }
            let lines = pairs.map { #"{"text": "\#(name), \#($0.1)", "answer": "\#($0.1)"}"# }
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(
                to: URL(filePath: "\(folder)/texts/\(name).jsonl"))
        }
    }

    /// The options that give a request the examples it needs; none for a system that needs none.
    private static func examples(_ system: String, _ folder: String) throws -> [String] {
        guard system == icm else { return [] }
        let file = "\(folder)/examples.jsonl"
        let lines = pairs.prefix(4).map { #"{"text": "\#($0.0)", "answer": "\#($0.1)"}"# }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
        return ["--examples", file, "--refine-seconds", "0"]
    }

    private static func train(
        _ daemon: TestDaemon, _ system: String, _ more: String...
    ) async throws -> Wire.Generator {
        let perStep = system == icm ? [] : ["--tasks-per-step", "2"]
        let outcome = try await daemon.control(
            [
                "generator", "train", "--system", system, "--tasks", "\(daemon.folder)/tasks", "--steps", "4",
                "--json",
            ] + perStep + more)
        try #require(outcome.status == 0, "\(outcome.output) \(outcome.error)")
        return try #require(outcome.decode(Methods.TrainGenerator.Reply.self).generator)
    }

    @Test(
        "a system is trained, serves its strategy beside sg-lora, and is disabled with an expert",
        arguments: systems + [icm])
    func fromTrainingToAdapter(_ system: String) async throws {
        try await TestDaemon.run(experts: Self.experts) { daemon in
            try Self.writeTasks(daemon.folder)
            let examples = try Self.examples(system, daemon.folder)
            let early = try await daemon.control(["request", Self.intent, "--strategy", system] + examples)
            #expect(early.status == 1)
            #expect(early.error.contains("generator train"), "\(early.error)")
            #expect(early.error.contains("--system \(system)"), "\(early.error)")

            let tuned = try await daemon.reply(
                Methods.TrainGenerator.Reply.self, "generator", "train", "--steps", "30"
            ).generator
            #expect(tuned?.system == "sg-lora" && tuned?.learning == nil)
            let trained = try await Self.train(daemon, system, "--training", "\(daemon.folder)/texts")
            #expect(trained.system == system && trained.state == "current")
            #expect(
                trained.learning?.tasks == 4 && trained.learning?.tasksPerStep == (system == Self.icm ? 0 : 2)
            )
            let verdict = try #require(trained.verdict)
            #expect(verdict.judgedBy == "recall" && verdict.tasks == 4)
            #expect(verdict.control != nil && verdict.base != nil)
            let list = try await daemon.control("generator", "list")
            #expect(list.output.contains(system) && list.output.contains("sg-lora"), "\(list.output)")
            let shown = try await daemon.control("generator", "show", trained.generatorId)
            #expect(shown.output.contains("its control"), "\(shown.output)")

            var digests: Set<String> = []
            for strategy in ["sg-lora", system, "mean"] {
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", Self.intent, "--strategy", strategy, "--seed", "1",
                    more: strategy == system ? examples : [])
                let adapter = try #require(reply.adapter)
                #expect(adapter.provenance.strategy == strategy)
                digests.insert(adapter.digest)
                guard strategy == system else { continue }
                #expect(adapter.provenance.generator == trained.generatorId)
                let routing = adapter.provenance.routing ?? []
                #expect(routing.map(\.layer) == (system == "lora-gen" ? (0..<6).map(String.init) : []))
                #expect(routing.allSatisfy { $0.experts.count == 2 })
                for layer in routing {
                    let sum = layer.experts.reduce(0) { $0 + $1.gate }
                    #expect(abs(sum - 1) < 1e-5)
                }
                let texts = "a limbless scaly reptile\n"
                let plain = try await daemon.reply(Methods.Encode.Reply.self, "encode", input: texts)
                let adapted = try await daemon.reply(
                    Methods.Encode.Reply.self, "encode", "--adapter", adapter.adapterId, input: texts)
                #expect(plain.embeddings.map(\.values) != adapted.embeddings.map(\.values))
            }
            #expect(digests.count == 3)
            let auto = try await daemon.reply(Methods.Request.Reply.self, "request", Self.intent)
            #expect(auto.adapter?.provenance.choice?.contains(system) == true)

            // Every expert has its part in the adapter, also one that did not guide it.
            let removed = try await daemon.reply(
                Methods.RemoveExpert.Reply.self, "expert", "remove", "clinc-travel-0", "--derived")
            let disabled = [trained.generatorId, tuned?.generatorId ?? ""].sorted()
            #expect(removed.disabledGenerators.sorted() == disabled)
            #expect(removed.removedAdapters.count >= 1)
            let refused = try await daemon.control(
                ["request", Self.intent, "--strategy", system] + examples)
            #expect(refused.status == 1 && refused.error.contains("disabled"), "\(refused.error)")
            let status = try await daemon.reply(Methods.Status.Reply.self, "status")
            let conditions = status.conditions
            let unserved = conditions.first { $0.name.hasPrefix("strategy/\(system)/") }
            #expect(unserved?.message.contains("clinc-travel-0") == true, "\(conditions)")
            #expect(unserved?.remedy.contains("generator train --system \(system)") == true)
            _ = try await daemon.control("generator", "remove", trained.generatorId)
            let mended = try await daemon.reply(Methods.Status.Reply.self, "status").conditions
            #expect(!mended.contains { $0.name.hasPrefix("strategy/\(system)/") }, "\(mended)")
        }
    }

    @Test("one seed and one library give the same generator, file and adapter on another machine")
    func sameBytes() async throws {
        func bytes(_ system: String) async throws -> [String] {
            try await withTemporaryFolder { folder in
                try await TestDaemon.run(in: folder) { daemon in
                    try await daemon.importExperts(Self.experts)
                    try Self.writeTasks(folder)
                    let trained = try await Self.train(daemon, system, "--seed", "3")
                    _ = try await daemon.control(
                        "generator", "export", trained.generatorId, "-o", "\(folder)/g.safetensors")
                    let reply = try await daemon.reply(
                        Methods.Request.Reply.self, "request", Self.intent, "--strategy", system, "--seed",
                        "1", "-o", "\(folder)/out", more: Self.examples(system, folder))
                    try Data((trained.generatorId + "\n" + (reply.adapter?.digest ?? "")).utf8).write(
                        to: URL(filePath: "\(folder)/result"))
                }
                let written = try PEFTFolder.read(directory: "\(folder)/out")
                #expect(
                    written.checkpoints.first?.factors.allSatisfy { $0.rank == 4 && $0.scale == 2 } == true)
                return try String(contentsOfFile: "\(folder)/result", encoding: .utf8)
                    .split(separator: "\n").map(String.init)
            }
        }
        for system in Self.systems + [Self.icm] {
            let first = try await bytes(system)
            #expect(first.count == 2)
            #expect(first == (try await bytes(system)))
        }
    }

    @Test("an evaluation judges the systems that are trained, anew on each fold")
    func evaluation() async throws {
        try await TestDaemon.run(experts: Self.experts) { daemon in
            try Self.writeTasks(daemon.folder)
            let arguments = ["generator", "evaluate", "--tasks", "\(daemon.folder)/tasks", "--json"]
            let names = (["base", "weighted", "auto"] + Self.systems).joined(separator: ",")
            let before = try await daemon.control(arguments + ["--methods", names])
            let without = try #require(before.decode(Methods.EvaluateGenerator.Reply.self).report)
            #expect(without.notes.contains { $0.contains("no generator of its system") })
            for system in Self.systems { _ = try await Self.train(daemon, system) }
            let outcome = try await daemon.control(
                arguments + ["--methods", names, "--training", "\(daemon.folder)/texts", "--costs"])
            try #require(outcome.status == 0, "\(outcome.error)")
            let report = try #require(outcome.decode(Methods.EvaluateGenerator.Reply.self).report)
            #expect(report.parts.map(\.name) == ["held-out", "leave-out"])
            for part in report.parts {
                let methods = part.groups[0].methods.map(\.method)
                #expect(Self.systems.allSatisfy(methods.contains), "\(methods)")
            }
            #expect(without.costs == nil)
            let sizes = Dictionary(
                try #require(report.costs).map { ($0.method, $0.generatorBytes) },
                uniquingKeysWith: { first, _ in first })
            #expect(Set(sizes.keys) == Set(["weighted", "auto"] + Self.systems))
            #expect(
                Self.systems.allSatisfy { (sizes[$0] ?? nil) ?? 0 > 1000 } && sizes["weighted"] == .some(nil))
        }
    }

    @Test("an evaluation judges icm-lora by examples and in the closed world, in JSON, text and HTML")
    func exampleEvaluation() async throws {
        try await TestDaemon.run(experts: Self.experts) { daemon in
            try Self.writeTasks(daemon.folder)
            let (texts, page) = ("\(daemon.folder)/texts", "\(daemon.folder)/report.html")
            _ = try await Self.train(daemon, Self.icm, "--training", texts)
            let arguments = [
                "generator", "evaluate", "--tasks", "\(daemon.folder)/tasks", "--examples", texts,
                "--training",
                texts, "--closed-world", "--methods",
                "base,nearest,oracle,icm-lora,icm-lora-mean,icm-lora-shuffled,icm-lora-no-latent",
            ]
            let outcome = try await daemon.control(arguments + ["--json", "--html", page])
            try #require(outcome.status == 0, "\(outcome.error)")
            let report = try #require(outcome.decode(Methods.EvaluateGenerator.Reply.self).report)
            #expect(report.parts.map(\.name) == ["held-out", "leave-out", "closed-world"])
            let closed = try #require(report.parts.last).groups[0]
            #expect(closed.tasks == 4 && closed.methods.count == 7, "\(closed.methods.map(\.method))")
            let curve = try #require(report.examples?.first { $0.part == "leave-out" })
            let kinds = Set(curve.groups[0].points.map(\.kind))
            #expect(
                kinds.isSuperset(of: [
                    "merged", "icm-lora-texts", "icm-lora", "icm-lora-another", "icm-lora-shuffled",
                    "icm-lora-no-latent",
                ]), "\(kinds)")
            let html = try String(contentsOfFile: page, encoding: .utf8)
            #expect(html.contains("Closed world") && html.contains("with answers, icm-lora"))
            let shown = try await daemon.control(arguments)
            #expect(
                shown.output.contains("closed-world") && shown.output.contains("of another task, icm-lora"))

            let bare = try await daemon.control(
                "generator", "evaluate", "--tasks", "\(daemon.folder)/tasks", "--closed-world")
            #expect(bare.status == 64 && bare.error.contains("--training"), "\(bare.error)")
        }
    }

    @Test("icm-lora is trained for a base that the daemon cannot run, and every expert needs texts")
    func exampleTrainingElsewhere() async throws {
        try await TestDaemon.run(experts: []) { daemon in
            let texts = "\(daemon.folder)/texts"
            try FileManager.default.createDirectory(atPath: texts, withIntermediateDirectories: false)
            for number in 0..<4 {
                let folder = "\(daemon.folder)/foreign-\(number)"
                let adapter = MadeAdapter(base: "other", seed: UInt64(number), layers: 30..<32)
                try adapter.write(to: folder, describing: "match definitions of birds, the \(number)th")
                try await daemon.importExperts([folder])
                guard number < 3 else { continue }
                try Data(#"{"text": "text \#(number)", "answer": "answer"}"#.utf8).write(
                    to: URL(filePath: "\(texts)/foreign-\(number).jsonl"))
            }
            let arguments = [
                "generator", "train", "--system", "icm-lora", "--training", texts, "--steps", "4", "--json",
            ]
            let incomplete = try await daemon.control(arguments)
            #expect(incomplete.status == 65 && incomplete.error.contains("foreign-3"), "\(incomplete.error)")
            try Data(#"{"text": "the last text", "answer": "answer"}"#.utf8).write(
                to: URL(filePath: "\(texts)/foreign-3.jsonl"))
            let outcome = try await daemon.control(arguments)
            try #require(outcome.status == 0, "\(outcome.error)")
            let trained = try #require(outcome.decode(Methods.TrainGenerator.Reply.self).generator)
            let verdict = try #require(trained.verdict)
            #expect(verdict.judgedBy == "parameters" && verdict.tasks == 4 && verdict.control != nil)
            #expect(trained.base == "other" && trained.directions > 0)
            let reply = try await daemon.reply(
                Methods.Request.Reply.self, "request", Self.intent, "--strategy", "icm-lora", "--force",
                more: Self.examples(Self.icm, daemon.folder))
            let provenance = try #require(reply.adapter).provenance
            #expect(provenance.strategy == "icm-lora" && provenance.experts.count == 4)
        }
    }

    @Test("what cannot be trained is refused by the system's name, with what to do")
    func errors() async throws {
        try await TestDaemon.run(experts: Self.experts) { daemon in
            try Self.writeTasks(daemon.folder)
            // A base model whose layers the text encoder does not have.
            for number in 0..<2 {
                let folder = "\(daemon.folder)/foreign-\(number)"
                let adapter = MadeAdapter(base: "other", seed: UInt64(number), layers: 30..<32)
                try adapter.write(to: folder, describing: "task \(number)")
                try await daemon.importExperts([folder])
            }
            let tasks = "\(daemon.folder)/tasks"
            let empty = "\(daemon.folder)/empty"
            try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
            let minilm = ["--base", "sentence-transformers/all-MiniLM-L6-v2"]
            for system in Self.systems + [Self.icm] {
                for (arguments, status, says) in [
                    (minilm, 64, "--tasks"),
                    (
                        ["--base", "other", "--tasks", tasks], 65,
                        system == Self.icm ? "named as an expert" : system
                    ),
                    (minilm + ["--tasks", tasks, "--engine"], 65, "sg-lora"),
                    (minilm + ["--tasks", tasks, "--training", empty], 65, "*.jsonl"),
                    (minilm + ["--tasks", tasks, "--tasks-per-step", "99"], 65, "tasksPerStep"),
                ] {
                    let outcome = try await daemon.control(
                        ["generator", "train", "--system", system] + arguments)
                    #expect(outcome.status == status, "\(arguments): \(outcome.status) \(outcome.error)")
                    #expect(outcome.error.contains(says), "\(arguments): \(outcome.error)")
                }
            }
            let bad = "\(daemon.folder)/texts/wn-fish.jsonl"
            try Data("{\"text\": \"a\", \"answer\": \"b\"}\n{\"text\": 1}\n".utf8).write(
                to: URL(filePath: bad))
            let wrong = try await daemon.control(
                ["generator", "train", "--tasks", tasks, "--training", "\(daemon.folder)/texts"] + minilm)
            #expect(wrong.status == 65 && wrong.error.contains("line 2"), "\(wrong.error)")
        }
    }
}

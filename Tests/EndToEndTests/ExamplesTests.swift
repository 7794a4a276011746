import Foundation
import SgloradInterface
import SpoolForms
import TestSupport
import Testing

/// Requests with examples and labels, with the real daemon.
@Suite("Requests with examples", .timeLimit(.minutes(20)), .needsModel)
struct ExamplesTests {
    /// Words that are in no model, program or description.
    private static let words = ["quixoblat", "zephyrondil", "labellaria"]
    private static let text = "match definitions of birds to their names"
    private static let lines = """
        {"text": "a small brown bird, a quixoblat", "answer": "sparrow"}
        {"text": "a large bird of prey", "answer": "eagle"}

        {"text": "a bird that hoots at night", "answer": "zephyrondil"}
        {"text": "a white bird that glides on lakes", "answer": "swan"}
        {"text": "a bird that cannot fly and runs"}
        """

    /// Runs a daemon with two experts, and files of examples and labels.
    private static func run(
        _ arguments: [String] = [], in folder: String,
        _ body: @Sendable (TestDaemon, _ examples: [String]) async throws -> Void
    ) async throws {
        let (examples, labels) = ("\(folder)/examples.jsonl", "\(folder)/labels")
        try Data(lines.utf8).write(to: URL(filePath: examples))
        try Data("sparrow\nlabellaria\r\n\nswan\n".utf8).write(to: URL(filePath: labels))
        try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
            try await daemon.importExperts(Places.twoExperts)
            try await body(daemon, ["--examples", examples, "--labels", labels, "--refine-seconds", "60"])
        }
    }

    @Test("answered examples refine the adapter; its provenance has counts alone, and the seed its bytes")
    func refined() async throws {
        try await withTemporaryFolder { folder in
            try await Self.run(in: folder) { daemon, examples in
                func adapter(_ more: [String]) async throws -> Wire.Adapter {
                    let outcome = try await daemon.control(
                        ["request", Self.text, "--seed", "7", "--json"] + more)
                    try #require(outcome.status == 0, "\(outcome.error)")
                    return try #require(try outcome.decode(Methods.Request.Reply.self).adapter)
                }
                let plain = try await adapter([])
                #expect(plain.provenance.examples == nil)
                let refined = try await adapter(examples)
                let used = try #require(refined.provenance.examples)
                #expect(used.examples == 5 && used.answered == 4 && used.labels == 5)
                #expect(used.steps == 16 && used.outOfTime == nil)
                let guided = try await adapter(Array(examples.prefix(4)) + ["--refine-seconds", "0"])
                #expect(guided.provenance.examples?.steps == nil)
                if (used.kept ?? 0) > 0 { #expect(refined.digest != guided.digest) }
                #expect(try await adapter(examples).digest == refined.digest)
                let shown = try await daemon.control("adapter", "show", refined.adapterId)
                #expect(shown.output.contains("5, 4 with answers"))
            }
        }
    }

    /// A word of the texts, and of their answers, that icm-lora is trained on.
    private static let taught = "thimblewick"

    /// Trains icm-lora on the texts of two experts.
    private static func trainOnExamples(_ daemon: TestDaemon, in folder: String) async throws {
        let texts = "\(folder)/texts"
        try FileManager.default.createDirectory(atPath: texts, withIntermediateDirectories: true)
        for (name, animal) in [("wn-birds", "bird"), ("wn-fish", "fish")] {
            let lines = (0..<6).map {
                #"{"text": "a \#(animal), the \#($0)th \#(taught)", "answer": "\#(animal) \#(taught) \#($0)"}"#
            }
            try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: "\(texts)/\(name).jsonl"))
        }
        let trained = try await daemon.control(
            "generator", "train", "--system", "icm-lora", "--training", texts, "--steps", "4")
        try #require(trained.status == 0, "\(trained.error)")
    }

    @Test("icm-lora decodes examples: its provenance has their counts, and the experts nearest by them")
    func decoded() async throws {
        try await withTemporaryFolder { folder in
            try await Self.run(in: folder) { daemon, examples in
                try await Self.trainOnExamples(daemon, in: folder)
                let spare = Array(examples.prefix(4)) + ["--refine-seconds", "0"]
                func adapter(_ more: [String]) async throws -> Wire.Adapter {
                    let outcome = try await daemon.control(
                        ["request", Self.text, "--strategy", "icm-lora", "--seed", "7", "--json"] + more)
                    try #require(outcome.status == 0, "\(outcome.error)")
                    return try #require(try outcome.decode(Methods.Request.Reply.self).adapter)
                }
                let made = try await adapter(spare)
                #expect(made.provenance.strategy == "icm-lora" && made.provenance.choice == nil)
                #expect(made.provenance.examples?.examples == 5 && made.provenance.examples?.answered == 4)
                #expect(made.provenance.examples?.steps == nil && made.provenance.generator != nil)
                #expect(made.provenance.experts.map(\.expert).first == "wn-birds")
                let weights = made.provenance.experts.reduce(0) { $0 + $1.weight }
                #expect(abs(weights - 1) < 1e-5)
                #expect(try await adapter(spare).digest == made.digest)
                #expect(try await adapter(spare + ["--seed", "8"]).digest != made.digest)
                // Answers say more than texts, and are read without refining.
                let bare = "\(folder)/bare.jsonl"
                let texts = Self.lines.split(separator: "\n").map {
                    $0.replacing(/, "answer": "[a-z]+"/, with: "")
                }
                try Data(texts.joined(separator: "\n").utf8).write(to: URL(filePath: bare))
                #expect(try await adapter(["--examples", bare]).digest != made.digest)
                let refined = try await adapter(examples)
                #expect(refined.provenance.examples?.steps == 16)

                let without = try await daemon.control("request", Self.text, "--strategy", "icm-lora")
                #expect(without.status == 65 || without.status == 64, "\(without.status)")
                #expect(without.error.contains("examples are missing"), "\(without.error)")
                // Two experts are too few for a verdict, without which auto leaves it alone.
                let auto = try await daemon.control(["request", Self.text, "--json"] + spare)
                let found = try #require(auto.decode(Methods.Request.Reply.self).adapter).provenance
                #expect(found.strategy == "weighted")
                #expect(found.choice?.contains("icm-lora was not compared with weighted") == true)
                let explained = try await daemon.control(["explain", Self.text, "--json"] + spare.prefix(2))
                #expect(try explained.decode(Methods.Explain.Reply.self).strategy == "weighted")
            }
        }
    }

    @Test("after the end of every kind, no file holds a word of examples or labels")
    func erased() async throws {
        try await withTemporaryFolder { folder in
            let places = ["\(folder)/state", "\(folder)/spool"]
            let spool = TestSpool("\(folder)/spool")
            let search = ByteSearch(Self.words + [Self.taught])
            try await Self.run(["--spool", spool.path, "--log-level", "trace"], in: folder) {
                daemon, examples in
                try await Self.trainOnExamples(daemon, in: folder)
                let decoded = ["request", Self.text, "--strategy", "icm-lora"] + examples
                #expect(try await daemon.control(decoded).status == 0)
                #expect(try await daemon.control(["request", Self.text] + examples).status == 0)
                #expect(try await daemon.control(["request", "8217"] + examples).status == 2)
                #expect(try await daemon.control(["explain", Self.text] + examples.prefix(2)).status == 0)
                let failing = ["request", Self.text, "--strategy", "sg-lora"] + examples
                #expect(try await daemon.control(failing).status == 1)
                let cancelled = try await daemon.control(["request", Self.text, "--no-wait"] + examples).line
                _ = try await daemon.control("queue", "cancel", cancelled)
                _ = try await daemon.finished(cancelled)
                try spool.drop(
                    "good.json",
                    #"{"text": "definitions of birds", "examples": [{"text": "quixoblat", "answer": "zephyrondil"}], "labels": ["labellaria"]}"#
                )
                try await eventually("the spool's result") {
                    FileManager.default.fileExists(atPath: spool.resultFile("good.json"))
                }
                try await eventually("the words to leave every file") {
                    places.allSatisfy { search.files(below: $0).isEmpty }
                }
            }
        }
    }

    @Test(
        "weighted-examples merges the experts that the examples are nearest to; explain shows what they change"
    )
    func weightedExamples() async throws {
        try await TestDaemon.run(experts: Places.experts("wn-birds", "clinc-travel-0")) { daemon in
            let file = "\(daemon.folder)/travel"
            let lines = ["book me a flight to Oslo", "do I need a visa for Japan", "a hotel in Rome"]
            try Data(lines.map { #"{"text": "\#($0)"}"# }.joined(separator: "\n").utf8).write(
                to: URL(filePath: file))
            func provenance(_ strategy: String, _ more: String...) async throws -> Wire.Provenance {
                let arguments = ["request", Self.text, "--strategy", strategy, "--top-k", "1", "--json"]
                let outcome = try await daemon.control(arguments + more)
                try #require(outcome.status == 0, "\(outcome.error)")
                return try #require(outcome.decode(Methods.Request.Reply.self).adapter).provenance
            }
            #expect(try await provenance("weighted").experts.map(\.expert) == ["wn-birds"])
            let made = try await provenance("weighted-examples", "--examples", file)
            #expect(made.experts.map(\.expert) == ["clinc-travel-0"])
            #expect(made.strategy == "weighted-examples" && made.examples?.examples == 3)
            func travel(_ more: [String]) async throws -> Double {
                let outcome = try await daemon.control(["explain", Self.text, "--json"] + more)
                try #require(outcome.status == 0, "\(outcome.error)")
                let reply = try outcome.decode(Methods.Explain.Reply.self)
                let found = reply.neighbours.first { $0.expert == "clinc-travel-0" }
                return try #require(found).proximity
            }
            #expect(try await travel(["--examples", file]) > travel([]) + 0.1)
            let bare = try await daemon.control("request", Self.text, "--strategy", "weighted-examples")
            #expect(bare.status == 65 || bare.status == 64, "\(bare.status)")
            #expect(bare.error.contains("examples are missing"), "\(bare.error)")
        }
    }

    @Test("a retry brings the examples again")
    func retried() async throws {
        try await withTemporaryFolder { folder in
            try await Self.run(in: folder) { daemon, examples in
                let failing = ["request", Self.text, "--strategy", "sg-lora", "--no-wait"] + examples
                let id = try await daemon.control(failing).line
                _ = try await daemon.finished(id)
                let bare = try await daemon.control("queue", "retry", id, "--text", Self.text)
                #expect(bare.status == 64 || bare.status == 65, "\(bare.error)")
                #expect(bare.error.contains("had 5, which were erased"), "\(bare.error)")
                let whole = try await daemon.control(
                    ["queue", "retry", id, "--text", Self.text] + examples.prefix(4))
                #expect(whole.status == 0, "\(whole.error)")
            }
        }
    }

    @Test("files of examples that are wrong are named with their line, before the daemon is asked")
    func wrong() async throws {
        try await withTemporaryFolder { folder in
            try await Self.run(in: folder) { daemon, _ in
                let file = "\(folder)/wrong"
                for (content, option, place) in [
                    ("{\"text\": \"a\"}\n{\"text\": 7}", "--examples", "line 2"),
                    ("{\"text\": \"a\"}\nbirds", "--examples", "line 2"),
                    ("{\"text\": \"a\", \"anwser\": \"b\"}", "--examples", "'anwser'"),
                    ("\n \n", "--examples", "holds none"), ("", "--labels", "holds none"),
                    (String(repeating: "{\"text\": \"a\"}\n", count: 33), "--examples", "more than 32"),
                    (String(repeating: "x", count: 257), "--labels", "line 1"),
                ] {
                    try Data(content.utf8).write(to: URL(filePath: file))
                    let result = try await daemon.control("request", Self.text, option, file)
                    #expect(result.status == 65 || result.status == 64, "\(content): \(result.status)")
                    #expect(result.error.contains(place), "\(result.error)")
                }
                let missing = try await daemon.control("request", Self.text, "--examples", "\(folder)/none")
                #expect(missing.status != 0 && missing.error.contains("\(folder)/none"))
                let twice = try await daemon.control("request", "-", "--examples", "-")
                #expect(twice.status == 64 && twice.error.contains("standard input"))
            }
        }
    }

    @Test("a request without examples does not wait for one that is refined")
    func apart() async throws {
        try await withTemporaryFolder { folder in
            try await Self.run(in: folder) { daemon, examples in
                var slow: [String] = []
                for _ in 0..<4 {
                    slow.append(
                        try await daemon.control(["request", Self.text, "--no-wait"] + examples).line)
                }
                // More than there are workers are refined or wait for that, one after the other.
                let plain = try await daemon.reply(Methods.Request.Reply.self, "request", Self.text)
                var last = plain.request
                for id in slow {
                    last = try await daemon.finished(id)
                    #expect(last.state == "done")
                }
                let (ended, lastEnded) = (
                    try #require(plain.request.finishedAt), try #require(last.finishedAt)
                )
                #expect(ended <= lastEnded)
            }
        }
    }
}

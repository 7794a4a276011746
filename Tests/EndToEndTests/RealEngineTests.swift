import AdapterFormats
import Foundation
import SgloradInterface
import TestSupport
import Testing

/// Where `make demo-llm` puts llama.cpp's server and the model.
private enum RealEngine {
    static let program = Places.file(".llama/bin/llama-server")
    static let models = Places.file(".llama/gemma")
    static let model = "\(models)/gemma-3-270m-q4_k_m.gguf"

    static var isThere: Bool {
        [program, model].allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }
}

/// `--engine` with llama.cpp's own server and a language model, where `make demo-llm` has put them.
@Suite(
    "Real engine", .timeLimit(.minutes(20)), .needsModel,
    .enabled(if: RealEngine.isThere, "needs llama-server and Gemma: make demo-llm"))
struct RealEngineTests {
    private static let zoo = Places.file("Examples/gemma-zoo")
    private static let base = "google/gemma-3-270m"

    /// A task of the utterances that the demonstration asks, with the words that it asks in.
    private static func writeTask(_ folder: String) throws {
        struct Query: Decodable { var text: String, answer: String }
        let lines = try String(contentsOfFile: "\(zoo)/queries.jsonl", encoding: .utf8).split(separator: "\n")
        let queries = try lines.map { try JSONDecoder().decode(Query.self, from: Data($0.utf8)) }
        let labels = Set(queries.map(\.answer)).sorted()
        let task = Wire.EvaluationTask(
            name: "travel",
            description:
                "route travel requests: book flights and hotels, rent a car, vaccines, time zones, plugs",
            pool: labels,
            queries: queries.map { query in
                Wire.EvaluationQuery(text: query.text, answer: labels.firstIndex(of: query.answer) ?? 0)
            })
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try JSONEncoder().encode(task).write(to: URL(filePath: "\(folder)/travel.json"))
    }

    @Test("merged experts answer more of the demonstration's queries than the bare model")
    func evaluating() async throws {
        // One thread: several of llama.cpp's wait for each other by spinning, which takes minutes beside other work.
        let configuration =
            "engine:\n  program: \(RealEngine.program)\n  models: \(RealEngine.models)\n  threads: 1\n"
        let experts = try FileManager.default.contentsOfDirectory(atPath: "\(Self.zoo)/experts").sorted()
        try await TestDaemon.run(
            configuration: configuration, experts: experts.map { "\(Self.zoo)/experts/\($0)" }
        ) { daemon in
            let tasks = "\(daemon.folder)/tasks"
            try Self.writeTask(tasks)
            let added = try await daemon.control(
                "base", "add", Self.base, "--gguf", RealEngine.model, "--prompt", "\(Self.zoo)/prompt.json")
            try #require(added.status == 0, "\(added.error)")
            let outcome = try await daemon.control(
                "generator", "evaluate", "--tasks", tasks, "--engine", "--methods", "base,weighted",
                "--queries", "20",
                "--json")
            try #require(outcome.status == 0, "\(outcome.error)")
            let report = try #require(outcome.decode(Methods.EvaluateGenerator.Reply.self).report)
            let recall = report.parts[0].groups[0].methods.map(\.recallAt1.mean)
            #expect(recall.count == 2 && recall[1] >= recall[0] + 0.15, "\(recall)")
        }
    }
}

import ErrorModel
import Generation
import IntentQueue
import Privacy
import SemanticGuidance
import Testing

@testable import Adaptation

@Suite("Intent validation")
struct IntentValidationTests {
    /// Expects an intent to be rejected because of one field, with an error that does not repeat its text.
    private func refused(
        _ field: String, _ intent: Intent, location: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: SgloradError.self, sourceLocation: location) {
            try intent.checked()
        }
        #expect(error?.code == .invalidIntent, sourceLocation: location)
        #expect(error?.parameters["field"] == .string(field), sourceLocation: location)
        if !intent.text.isBlank {
            #expect(error?.message.contains(intent.text.revealed) == false, sourceLocation: location)
        }
    }

    private func intent(_ text: PrivateText = "match birds", _ change: (inout Intent) -> Void)
        -> Intent
    {
        var intent = Intent(text: text)
        change(&intent)
        return intent
    }

    @Test func `an intent with only a text has no options but a random seed`() throws {
        let queued = try Intent(text: " match birds\n").checked()
        #expect(queued.text == " match birds\n")
        #expect(
            queued.options.strategy == nil && queued.options.topK == nil && queued.options.temperature == nil)
        #expect(queued.options.proximity == nil && !queued.options.force)
        let seeds = try (0..<20).map { _ in try Intent(text: "x").checked().options.seed }
        #expect(Set(seeds).count == 20 && seeds.allSatisfy { $0 < 1 << 53 })
    }

    @Test func `given options are kept`() throws {
        let queued = try Intent(
            text: "match birds", base: "minilm", strategy: "nearest", topK: 3, temperature: 0.1,
            proximity: "plain", seed: 42, formats: ["peft"], label: "mine", force: true
        ).checked()
        #expect(
            queued
                == QueuedIntent(
                    text: "match birds",
                    options: IntentOptions(
                        strategy: "nearest", topK: 3, temperature: 0.1, proximity: "plain", seed: 42,
                        force: true, formats: ["peft"])))
    }

    @Test func `examples and labels are kept up to their limits`() throws {
        let example = TaskMaterial.Example(
            text: PrivateText(String(repeating: "e", count: 1_024)),
            answer: PrivateText(String(repeating: "a", count: 256)))
        let queued = try intent {
            $0.examples = Array(repeating: example, count: 32)
            $0.labels = (0..<1_000).map { PrivateText("label \($0)") }
            $0.refineSeconds = 60
        }.checked()
        #expect(queued.material?.examples.count == 32 && queued.material?.labels.count == 1_000)
        #expect(queued.options.refineSeconds == 60)
        #expect(try intent { ($0.examples, $0.labels) = ([], []) }.checked().material == nil)
    }

    @Test func `too many, too long, blank or repeated ones are rejected`() {
        let example = TaskMaterial.Example(text: "quixoblat")
        refused("examples", intent { $0.examples = Array(repeating: example, count: 33) })
        let long = PrivateText(String(repeating: "quixoblat", count: 114))
        refused("examples", intent { $0.examples = [example, TaskMaterial.Example(text: long)] })
        refused("examples", intent { $0.examples = [TaskMaterial.Example(text: "x", answer: long)] })
        for blank in ["", " \n"] {
            refused("examples", intent { $0.examples = [TaskMaterial.Example(text: PrivateText(blank))] })
            refused("examples", intent { $0.examples = [.init(text: "x", answer: PrivateText(blank))] })
            refused("labels", intent { $0.labels = ["a", PrivateText(blank)] })
        }
        refused("labels", intent { $0.labels = (0...1_000).map { PrivateText("label \($0)") } })
        refused("labels", intent { $0.labels = [long] })
        refused("labels", intent { $0.labels = ["one", "two", "one"] })
        for seconds in [-1, 60.5, .infinity, .nan] {
            refused("refineSeconds", intent { $0.refineSeconds = seconds })
        }
    }

    @Test func `errors about examples quote nothing of them`() {
        let long = String(repeating: "quixoblat", count: 114)
        for material in [
            TaskMaterial(examples: [.init(text: PrivateText(long))]),
            TaskMaterial(labels: [PrivateText(long)]),
            TaskMaterial(labels: ["quixoblat", "quixoblat"]),
        ] {
            let error = #expect(throws: SgloradError.self) { try material.check() }
            #expect(error?.message.contains("quixoblat") == false)
        }
    }

    @Test(arguments: ["", " ", "\n\t\r ", "\u{A0}\u{2003}\u{3000}"])
    func `a blank text is rejected`(text: String) {
        refused("text", Intent(text: PrivateText(text)))
    }

    @Test func `a text has at most 32,768 bytes, not characters`() throws {
        _ = try Intent(text: PrivateText(String(repeating: "x", count: 32_768))).checked()
        refused("text", Intent(text: PrivateText(String(repeating: "x", count: 32_769))))
        _ = try Intent(text: PrivateText(String(repeating: "é", count: 16_384))).checked()
        refused("text", Intent(text: PrivateText(String(repeating: "é", count: 16_385))))
    }

    @Test func `only the known strategies are accepted`() throws {
        for strategy in AdapterStrategy.allCases {
            let queued = try intent {
                $0.strategy = strategy.rawValue
                if strategy.needsExamples { $0.examples = [.init(text: PrivateText("a"), answer: nil)] }
            }.checked()
            #expect(queued.options.strategy == strategy.rawValue)
            if strategy.needsExamples { refused("examples", intent { $0.strategy = strategy.rawValue }) }
        }
        for name in ["", "SG-LoRA", "median", "weighted "] {
            refused("strategy", intent { $0.strategy = name })
        }
    }

    @Test func `only the known proximity measures are accepted`() throws {
        for measure in ProximityMeasure.allCases {
            _ = try intent { $0.proximity = measure.rawValue }.checked()
        }
        for name in ["", "Plain", "angular"] { refused("proximity", intent { $0.proximity = name }) }
    }

    @Test func `numbers are accepted up to the ends of their ranges`() throws {
        for topK in [1, 1024] { _ = try intent { $0.topK = topK }.checked() }
        for topK in [Int.min, -1, 0, 1025, Int.max] { refused("topK", intent { $0.topK = topK }) }
        for temperature in [0.000_101, 0.1, 10_000] {
            _ = try intent { $0.temperature = temperature }.checked()
        }
        for temperature in [0, -0.1, .leastNormalMagnitude, 0.000_09, 10_001, 1e300, .infinity, .nan] {
            refused("temperature", intent { $0.temperature = temperature })
        }
        for seed in [0, 9_007_199_254_740_991] {
            #expect(try intent { $0.seed = seed }.checked().options.seed == UInt64(seed))
        }
        for seed in [-1, 9_007_199_254_740_992, Int.max, Int.min] {
            refused("seed", intent { $0.seed = seed })
        }
    }

    @Test func `a label has at most 256 bytes`() throws {
        for label in ["", String(repeating: "x", count: 256), String(repeating: "é", count: 128)] {
            _ = try intent { $0.label = label }.checked()
        }
        refused("label", intent { $0.label = String(repeating: "x", count: 257) })
        refused("label", intent { $0.label = String(repeating: "é", count: 129) })
    }

    @Test func `an unsupported format is reported`() throws {
        let valid: [(formats: [String], queued: [String]?)] = [
            ([], nil), (["peft"], ["peft"]), (["peft", "peft"], ["peft"]), (["gguf"], ["gguf"]),
            (["gguf-f16", "peft"], ["gguf-f16", "peft"]),
        ]
        for (formats, expected) in valid {
            #expect(try intent { $0.formats = formats }.checked().options.formats == expected)
        }
        refused("formats", intent { $0.formats = ["gguf", "gguf-f16"] })
        let error = #expect(throws: SgloradError.self) {
            try intent { $0.formats = ["peft", "onnx"] }.checked()
        }
        #expect(error?.parameters["field"] == .string("formats"))
        #expect(error?.message.contains("'onnx'") == true)
    }

    @Test func `defaults apply only to options that the intent does not give`() throws {
        let defaults = try GuidanceOptions(topK: 5, temperature: 0.3, measure: .plain)
        func guidance(_ options: IntentOptions) throws -> GuidanceOptions {
            try GuidanceOptions(options, defaults: defaults)
        }
        #expect(try guidance(IntentOptions(seed: 0)) == defaults)
        #expect(
            try guidance(IntentOptions(topK: 2, seed: 0))
                == GuidanceOptions(topK: 2, temperature: 0.3, measure: .plain))
        #expect(
            try guidance(IntentOptions(temperature: 1, proximity: "centred", seed: 0))
                == GuidanceOptions(topK: 5, temperature: 1, measure: .centred))
    }
}

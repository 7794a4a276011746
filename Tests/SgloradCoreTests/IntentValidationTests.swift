import ControlProtocol
import ErrorModel
import Generation
import IntentQueue
import Privacy
import SemanticGuidance
import Testing

@testable import SgloradCore

@Suite("Checking an intent")
struct IntentValidationTests {
    /// Expects an intent to be refused for one of its fields, in words that do not repeat its text.
    private func refused(
        _ field: String, _ intent: Wire.Intent, location: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: SgloradError.self, sourceLocation: location) {
            try IntentValidation.queued(intent)
        }
        #expect(error?.code == .invalidIntent, sourceLocation: location)
        #expect(error?.parameters["field"] == .string(field), sourceLocation: location)
        if !intent.text.isBlank {
            #expect(error?.message.contains(intent.text.revealed) == false, sourceLocation: location)
        }
    }

    private func intent(_ text: PrivateText = "match birds", _ change: (inout Wire.Intent) -> Void)
        -> Wire.Intent
    {
        var intent = Wire.Intent(text: text)
        change(&intent)
        return intent
    }

    @Test func `an intent of nothing but a text leaves everything else open, except its seed`() throws {
        let queued = try IntentValidation.queued(Wire.Intent(text: " match birds\n"))
        #expect(queued.text == " match birds\n")
        #expect(queued.strategy == nil && queued.topK == nil && queued.temperature == nil)
        #expect(queued.proximity == nil && !queued.force)
        let seeds = try (0..<20).map { _ in try IntentValidation.queued(Wire.Intent(text: "x")).seed }
        #expect(Set(seeds).count == 20 && seeds.allSatisfy { $0 < 1 << 53 })
    }

    @Test func `what is said is kept`() throws {
        let queued = try IntentValidation.queued(
            Wire.Intent(
                text: "match birds", base: "minilm", strategy: "nearest", topK: 3, temperature: 0.1,
                proximity: "plain", seed: 42, formats: ["peft"], label: "mine", force: true))
        #expect(
            queued
                == QueuedIntent(
                    text: "match birds", strategy: "nearest", topK: 3, temperature: 0.1, proximity: "plain",
                    seed: 42, force: true))
    }

    @Test(arguments: ["", " ", "\n\t\r ", "\u{A0}\u{2003}\u{3000}"])
    func `a text of nothing is refused`(text: String) {
        refused("text", Wire.Intent(text: PrivateText(text)))
    }

    @Test func `a text is at most 32,768 bytes, not characters`() throws {
        _ = try IntentValidation.queued(Wire.Intent(text: PrivateText(String(repeating: "x", count: 32_768))))
        refused("text", Wire.Intent(text: PrivateText(String(repeating: "x", count: 32_769))))
        _ = try IntentValidation.queued(Wire.Intent(text: PrivateText(String(repeating: "é", count: 16_384))))
        refused("text", Wire.Intent(text: PrivateText(String(repeating: "é", count: 16_385))))
    }

    @Test func `every strategy is known by its name, no other`() throws {
        for strategy in AdapterStrategy.allCases {
            let queued = try IntentValidation.queued(intent { $0.strategy = strategy.rawValue })
            #expect(queued.strategy == strategy.rawValue)
        }
        for name in ["", "SG-LoRA", "median", "weighted "] {
            refused("strategy", intent { $0.strategy = name })
        }
    }

    @Test func `the proximity is plain or centred`() throws {
        for measure in ProximityMeasure.allCases {
            _ = try IntentValidation.queued(intent { $0.proximity = measure.rawValue })
        }
        for name in ["", "Plain", "angular"] { refused("proximity", intent { $0.proximity = name }) }
    }

    @Test func `numbers out of range are refused, the ends are not`() throws {
        for topK in [1, 1024] { _ = try IntentValidation.queued(intent { $0.topK = topK }) }
        for topK in [Int.min, -1, 0, 1025, Int.max] { refused("topK", intent { $0.topK = topK }) }
        for temperature in [0.000_101, 0.1, 10_000] {
            _ = try IntentValidation.queued(intent { $0.temperature = temperature })
        }
        for temperature in [0, -0.1, .leastNormalMagnitude, 0.000_09, 10_001, 1e300, .infinity, .nan] {
            refused("temperature", intent { $0.temperature = temperature })
        }
        for seed in [0, 9_007_199_254_740_991] {
            #expect(try IntentValidation.queued(intent { $0.seed = seed }).seed == UInt64(seed))
        }
        for seed in [-1, 9_007_199_254_740_992, Int.max, Int.min] {
            refused("seed", intent { $0.seed = seed })
        }
    }

    @Test func `a label is at most 256 bytes`() throws {
        for label in ["", String(repeating: "x", count: 256), String(repeating: "é", count: 128)] {
            _ = try IntentValidation.queued(intent { $0.label = label })
        }
        refused("label", intent { $0.label = String(repeating: "x", count: 257) })
        refused("label", intent { $0.label = String(repeating: "é", count: 129) })
    }

    @Test func `a format that cannot be written is named`() throws {
        for formats in [[], ["peft"], ["peft", "peft"]] {
            _ = try IntentValidation.queued(intent { $0.formats = formats })
        }
        let error = #expect(throws: SgloradError.self) {
            try IntentValidation.queued(intent { $0.formats = ["peft", "onnx"] })
        }
        #expect(error?.parameters["field"] == .string("formats"))
        #expect(error?.message.contains("'onnx'") == true)
    }

    @Test func `defaults fill in what an intent leaves open, and nothing else`() throws {
        let defaults = try GuidanceOptions(topK: 5, temperature: 0.3, measure: .plain)
        func options(_ intent: QueuedIntent) throws -> GuidanceOptions {
            try IntentValidation.options(for: intent, defaults: defaults)
        }
        #expect(try options(QueuedIntent(text: "x", seed: 0)) == defaults)
        #expect(
            try options(QueuedIntent(text: "x", topK: 2, seed: 0))
                == GuidanceOptions(topK: 2, temperature: 0.3, measure: .plain))
        #expect(
            try options(QueuedIntent(text: "x", temperature: 1, proximity: "centred", seed: 0))
                == GuidanceOptions(topK: 5, temperature: 1, measure: .centred))
    }
}

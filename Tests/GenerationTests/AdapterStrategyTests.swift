import Foundation
import Generation
import Testing

@Suite("AdapterStrategy")
struct AdapterStrategyTests {
    @Test func `auto is sg-lora unless its record shows it behind weighted, and states the reason`() throws {
        #expect(AutoStrategy([]).strategy == .weighted)
        var record = try trainedGenerator(randomLibrary()).record
        #expect(record.verdict == nil)
        #expect(AutoStrategy([record]).strategy == .sgLoRA)
        let cases: [(GeneratorVerdict.Measure, Double, Double, AdapterStrategy)] = [
            (.recall, 0.5, 0.4, .sgLoRA), (.recall, 0.4, 0.4, .sgLoRA), (.recall, 0.39, 0.4, .weighted),
            (.parameters, 0.9, 1, .sgLoRA), (.parameters, 1.1, 1, .weighted),
        ]
        for (measure, own, weighted, wanted) in cases {
            record.verdict = GeneratorVerdict(judgedBy: measure, tasks: 8, own: own, weighted: weighted)
            let choice = AutoStrategy([record])
            #expect(choice.strategy == wanted)
            #expect(choice.reason.contains(measure == .recall ? "recall@1" : "squared error"))
        }
        record.verdict = GeneratorVerdict(judgedBy: .recall, tasks: 8, own: 0.4567, weighted: 0.1)
        #expect(AutoStrategy([record]).reason.hasSuffix("recall@1 0.457 against 0.100"))
    }

    /// A record of a system judged by recall; without a result, not judged.
    private func record(
        _ system: GeneratorSystem, _ own: Double? = nil, control: Double? = nil,
        by measure: GeneratorVerdict.Measure = .recall
    ) throws -> GeneratorRecord {
        var record = try trainedGenerator(randomLibrary(), plan: smallPlan(steps: 1)).record
        record.plan = TrainingPlan(system: system)
        record.verdict = own.map {
            GeneratorVerdict(judgedBy: measure, tasks: 8, own: $0, control: control, weighted: 0.4)
        }
        return record
    }

    @Test func `auto takes the system with the best recall, and says of the others why not`() throws {
        let tuned = try record(.sgLoRA, 0.45)
        let choice = AutoStrategy([tuned, try record(.multiTask, 0.47, control: 0.44)])
        #expect(choice.strategy == .multiTask)
        let own =
            "multi-task beats weighted and its control on left-out experts: recall@1 0.470 against 0.400, "
        let rest =
            "its control 0.440; sg-lora is not behind weighted on left-out experts: recall@1 0.450 against 0.400"
        #expect(choice.reason == own + rest)
        #expect(AutoStrategy([tuned, try record(.multiTask, 0.44, control: 0.42)]).strategy == .sgLoRA)
        #expect(AutoStrategy([tuned, try record(.multiTask, 0.45, control: 0.42)]).strategy == .sgLoRA)
    }

    @Test func `a system that gains more is taken only if the same experts show it clearly`() throws {
        /// A record whose results are those of `sg-lora` with an even gain and an alternating one.
        func judged(_ system: GeneratorSystem, gain: Double, spread: Double, experts: Int = 16) throws
            -> GeneratorRecord
        {
            var record = try record(system, 0.45 + gain, control: system == .sgLoRA ? nil : 0.42)
            record.verdict?.results = Dictionary(
                uniqueKeysWithValues: (0..<experts).map { place in
                    ("expert \(place)", 0.45 + gain + (place.isMultiple(of: 2) ? spread : -spread))
                })
            return record
        }
        let tuned = try judged(.sgLoRA, gain: 0, spread: 0)
        let clear = try judged(.loRAGen, gain: 0.01, spread: 0.015)
        #expect(AutoStrategy([tuned, clear]).strategy == .loRAGen)
        let doubtful = try judged(.loRAGen, gain: 0.01, spread: 0.03)
        let choice = AutoStrategy([doubtful, tuned])
        #expect(choice.strategy == .sgLoRA)
        // 1.96 · 0.03 · √(16/15) / 4 = 0.0152.
        #expect(
            choice.reason.hasSuffix(
                "its control 0.420, which may be chance: +1.0 points, 95 % between -0.5 and +2.5"))
        // A later system can still be clearly better than the one that stayed.
        #expect(
            AutoStrategy([tuned, try judged(.metaLoRA, gain: 0.01, spread: 0.03), clear]).strategy == .loRAGen
        )
        // Of a lesser gain there is nothing to doubt, and without common experts the margins decide.
        let less = try judged(.loRAGen, gain: -0.01, spread: 0.03)
        #expect(!AutoStrategy([tuned, less]).reason.contains("chance"))
        #expect(
            AutoStrategy([tuned, try judged(.loRAGen, gain: 0.01, spread: 0.03, experts: 1)]).strategy
                == .loRAGen)
        var hostile = doubtful
        hostile.verdict?.results = ["expert 0": -1e308, "expert 1": 1e308, "expert 2": 1e308]
        #expect(AutoStrategy([tuned, hostile]).reason.contains("which may be chance"))
        let old = try record(.loRAGen, 0.46, control: 0.42)
        #expect(AutoStrategy([tuned, old]).strategy == .loRAGen)
    }

    @Test func `auto never takes a system that does not beat both its control and weighted`() throws {
        for (own, control) in [(0.5, 0.5), (0.5, 0.6), (0.4, 0.3), (0.39, 0.3)] {
            let choice = AutoStrategy([try record(.multiTask, own, control: control)])
            #expect(choice.strategy == .weighted)
            #expect(choice.reason.contains("does not beat both weighted and its control"))
            #expect(
                AutoStrategy([try record(.sgLoRA), try record(.multiTask, own, control: control)]).strategy
                    == .sgLoRA)
        }
        #expect(AutoStrategy([try record(.multiTask)]).strategy == .weighted)
        // Recall tells more than the distance of parameters does.
        let near = try record(.sgLoRA, 0.1, by: .parameters)
        #expect(AutoStrategy([near, try record(.multiTask, 0.47, control: 0.44)]).strategy == .multiTask)
        #expect(AutoStrategy([near, try record(.multiTask, 0.47, control: 0.48)]).strategy == .sgLoRA)
    }

    @Test func `auto takes icm-lora only with examples, and only if it is preferred`() throws {
        let tuned = try record(.sgLoRA, 0.45)
        let better = try record(.icmLoRA, 0.5, control: 0.46)
        let without = AutoStrategy([tuned, better])
        #expect(without.strategy == .sgLoRA)
        #expect(without.reason.hasSuffix("; icm-lora needs examples of the task"))
        let with = AutoStrategy([tuned, better], hasExamples: true)
        #expect(with.strategy == .icmLoRA)
        #expect(
            with.reason.hasPrefix(
                "icm-lora beats weighted and its control on left-out experts, given examples of them: recall@1 0.500"
            ))
        #expect(AutoStrategy([better]).strategy == .weighted)
        for other in [
            try record(.icmLoRA, 0.5, control: 0.5), try record(.icmLoRA),
            try record(.icmLoRA, 0.44, control: 0.4),
            try record(.icmLoRA, 0.1, control: 0.5, by: .parameters),
        ] {
            #expect(AutoStrategy([tuned, other], hasExamples: true).strategy == .sgLoRA)
        }
    }

    @Test func `a verdict of 0.1.0 is read, and one of today is read again`() throws {
        let old = #"{"judgedBy":"recall","tasks":68,"sgLoRA":0.465,"weighted":0.442,"base":0.437}"#
        let verdict = try JSONDecoder().decode(GeneratorVerdict.self, from: Data(old.utf8))
        #expect(
            verdict
                == GeneratorVerdict(judgedBy: .recall, tasks: 68, own: 0.465, weighted: 0.442, base: 0.437)
        )
        var new = verdict
        new.control = 0.4
        new.results = ["birds": 0.5, "fish": 0.43]
        #expect(try JSONDecoder().decode(GeneratorVerdict.self, from: JSONEncoder().encode(new)) == new)
    }

    @Test func `a system's strategy has its name`() {
        for system in GeneratorSystem.allCases {
            #expect(system.strategy.rawValue == system.rawValue && system.strategy.system == system)
        }
        #expect(AdapterStrategy.weighted.system == nil && AdapterStrategy.auto.system == nil)
    }

    @Test func `raw values are the protocol's names`() {
        for name in [
            "sg-lora", "multi-task", "metalora", "lora-gen", "icm-lora", "weighted", "weighted-examples",
            "nearest", "mean",
        ] {
            #expect(AdapterStrategy(rawValue: name)?.rawValue == name)
        }
        #expect(AdapterStrategy(rawValue: "") == nil)
    }
}

import Generation
import Testing

@Suite("AdapterStrategy")
struct AdapterStrategyTests {
    @Test func `auto is sg-lora unless its record shows it behind weighted, and states the reason`() throws {
        #expect(AutoStrategy(nil).strategy == .weighted)
        var record = try trainedGenerator(randomLibrary()).record
        #expect(record.verdict == nil)
        #expect(AutoStrategy(record).strategy == .sgLoRA)
        let cases: [(GeneratorVerdict.Measure, Double, Double, AdapterStrategy)] = [
            (.recall, 0.5, 0.4, .sgLoRA), (.recall, 0.4, 0.4, .sgLoRA), (.recall, 0.39, 0.4, .weighted),
            (.parameters, 0.9, 1, .sgLoRA), (.parameters, 1.1, 1, .weighted),
        ]
        for (measure, own, weighted, wanted) in cases {
            record.verdict = GeneratorVerdict(judgedBy: measure, tasks: 8, sgLoRA: own, weighted: weighted)
            let choice = AutoStrategy(record)
            #expect(choice.strategy == wanted)
            #expect(choice.reason.contains(measure == .recall ? "recall@1" : "squared error"))
        }
        record.verdict = GeneratorVerdict(judgedBy: .recall, tasks: 8, sgLoRA: 0.4567, weighted: 0.1)
        #expect(AutoStrategy(record).reason.hasSuffix("recall@1 0.457 against 0.100"))
    }

    @Test func `raw values are the protocol's names`() {
        for name in ["sg-lora", "weighted", "weighted-examples", "nearest", "mean"] {
            #expect(AdapterStrategy(rawValue: name)?.rawValue == name)
        }
        #expect(AdapterStrategy(rawValue: "") == nil)
    }
}

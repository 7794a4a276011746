import ErrorModel
import Foundation
import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Testing

@Suite("SemanticGuidedGenerator")
struct SemanticGuidedGeneratorTests {
    @Test(arguments: 1...4) func `a generator that has learned nothing is the merge, bit for bit`(
        seed: UInt64
    ) throws {
        let library = try randomLibrary(seed: seed)
        var plan = smallPlan(steps: 1)
        // So small that no weight leaves its place by more than what single precision rounds away.
        plan.learningRate = 1e-30
        let generator = try trainedGenerator(library, plan: plan)
        for expert in library.experts {
            let guides = neighbourhood(in: library, to: expert.embedding)
            let made = try generator.parameters(guidedBy: guides, in: library, seed: seed)
            let merged = try WeightedGenerator().parameters(guidedBy: guides, in: library, seed: seed)
            #expect(made.map(\.bitPattern) == merged.map(\.bitPattern))
        }
    }

    @Test func `one seed gives one adapter, another seed another`() throws {
        let library = try randomLibrary()
        let generator = try trainedGenerator(library, plan: smallPlan(steps: 200))
        let guides = neighbourhood(in: library, to: library.experts[2].embedding)
        var made: Set<[UInt32]> = []
        for seed in [0, 1, 2, UInt64.max] {
            let adapter = try generator.parameters(guidedBy: guides, in: library, seed: seed)
            #expect(adapter.count == library.layout.parameterCount)
            #expect(try adapter == generator.parameters(guidedBy: guides, in: library, seed: seed))
            made.insert(adapter.map(\.bitPattern))
        }
        #expect(made.count == 4)
    }

    @Test func `the correction moves the merge along the library's own directions alone`() throws {
        let library = try randomLibrary(experts: 4, checkpoints: 2)
        let generator = try trainedGenerator(library, plan: smallPlan(steps: 200))
        let samples = library.experts.flatMap(\.checkpoints).map(\.array)
        let guides = neighbourhood(in: library, to: library.experts[0].embedding)
        let merged = try WeightedGenerator().parameters(guidedBy: guides, in: library, seed: 0)
        let made = try generator.parameters(guidedBy: guides, in: library, seed: 0)
        #expect(farthest(made, merged) > 1e-4)
        // The correction is a combination of the samples: nothing of it is left when their span is taken away.
        let rest = outside(zip(made, merged).map { $0 - $1 }, of: samples)
        #expect(farthest(rest, [Float](repeating: 0, count: rest.count)) < 1e-5)
    }

    /// What of a vector lies outside the span of the samples' differences, by Gram and Schmidt.
    private func outside(_ vector: [Float], of samples: [[Float]]) -> [Float] {
        func without(_ x: [Double], _ basis: [[Double]]) -> [Double] {
            basis.reduce(x) { rest, axis in
                let share = zip(rest, axis).reduce(0) { $0 + $1.0 * $1.1 }
                return zip(rest, axis).map { $0 - share * $1 }
            }
        }
        var basis: [[Double]] = []
        for sample in samples.dropFirst() {
            let rest = without(zip(sample, samples[0]).map { Double($0 - $1) }, basis)
            let norm = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            if norm > 1e-6 { basis.append(rest.map { $0 / norm }) }
        }
        return without(vector.map(Double.init), basis).map { Float($0) }
    }

    @Test func `another library than its own is refused, not guided by`() throws {
        let library = try randomLibrary()
        let generator = try trainedGenerator(library, plan: smallPlan(steps: 1))
        let guides = neighbourhood(in: library, to: library.experts[0].embedding)
        let fewer = Library(layout: library.layout, experts: Array(library.experts.dropLast()))
        let more = try randomLibrary(experts: 7)
        let other = Library(
            layout: try AdapterLayout(sites: library.layout.sites, rank: 2, scale: 1),
            experts: library.experts)
        for wrong in [fewer, more, other] {
            _ = refusal(.internal) { try generator.parameters(guidedBy: guides, in: wrong, seed: 0) }
        }
    }
}

@Suite("A generator's tensors")
struct GeneratorTensorTests {
    private typealias Tensor = (shape: [Int], values: FloatStream)

    private func tensors(of generator: SemanticGuidedGenerator) -> [String: Tensor] {
        Dictionary(uniqueKeysWithValues: generator.tensors.map { ($0.name, ($0.shape, $0.values)) })
    }

    private func generator(_ record: GeneratorRecord, _ tensors: [String: Tensor]) throws(SgloradError)
        -> SemanticGuidedGenerator
    {
        try SemanticGuidedGenerator(record: record, file: "g.safetensors") { name throws(SgloradError) in
            tensors[name]
        }
    }

    @Test func `a generator put together from its tensors makes the same adapters`() throws {
        let library = try randomLibrary()
        let first = try trainedGenerator(library)
        let again = try generator(first.record, tensors(of: first))
        #expect(again.record == first.record)
        for (number, expert) in library.experts.enumerated() {
            let guides = neighbourhood(in: library, to: expert.embedding)
            #expect(
                try first.parameters(guidedBy: guides, in: library, seed: UInt64(number))
                    == again.parameters(guidedBy: guides, in: library, seed: UInt64(number)))
        }
    }

    @Test func `names are unique, shapes hold as many numbers, half precision is for the directions`() throws
    {
        let given = try trainedGenerator(randomLibrary()).tensors
        #expect(Set(given.map(\.name)).count == given.count)
        for tensor in given { #expect(tensor.shape.reduce(1, *) == tensor.values.count) }
        #expect(given.filter(\.half).map(\.name) == ["directions"])
    }

    @Test func `a tensor that is missing or of another shape is named`() throws {
        let first = try trainedGenerator(randomLibrary(), plan: smallPlan(steps: 1))
        let all = tensors(of: first)
        for (name, tensor) in all {
            var wrong = all
            wrong[name] = nil
            let missing = refusal(.invalidFile) { try generator(first.record, wrong) }
            #expect(missing?.message.contains("'\(name)' is missing") == true)
            #expect(missing?.parameters["file"] == .string("g.safetensors"))
            for shape in [tensor.shape + [1], [tensor.values.count + 1], []] {
                wrong[name] = (shape, tensor.values)
                let misshapen = refusal(.invalidFile) { try generator(first.record, wrong) }
                #expect(misshapen?.message.contains("'\(name)' has shape \(shape)") == true)
            }
        }
    }

    @Test func `what the lookup throws passes through`() throws {
        let first = try trainedGenerator(randomLibrary(), plan: smallPlan(steps: 1))
        let error = refusal(.storageFailure) {
            try SemanticGuidedGenerator(record: first.record, file: "f") { _ throws(SgloradError) in
                throw .storageFailure("f", "the disk is gone")
            }
        }
        #expect(error?.parameters["path"] == .string("f"))
    }

    @Test func `a hostile record is refused before anything is read`() throws {
        let first = try trainedGenerator(randomLibrary(), plan: smallPlan(steps: 1))
        let changes: [(inout GeneratorRecord) -> Void] = [
            { $0.directions = 0 }, { $0.directions = -1 }, { $0.directions = 513 }, { $0.directions = .max },
            { $0.unit = 0 }, { $0.unit = -1 }, { $0.unit = .nan }, { $0.unit = .infinity },
            { $0.experts = [] }, { $0.experts.removeLast(5) }, { $0.plan.width = 3 },
            { $0.plan.width = .max }, { $0.plan.latent = 0 }, { $0.plan.latent = .max },
            { $0.plan.lambda = .nan },
        ]
        for change in changes {
            var record = first.record
            change(&record)
            let error = refusal(.invalidFile) {
                try SemanticGuidedGenerator(record: record, file: "f") { name throws(SgloradError) in
                    throw .internal("read '\(name)'")
                }
            }
            #expect(error?.message.contains("out of range") == true)
        }
    }

    @Test func `a record outlives its JSON`() throws {
        let record = try trainedGenerator(randomLibrary()).record
        let data = try JSONEncoder().encode(record)
        #expect(try JSONDecoder().decode(GeneratorRecord.self, from: data) == record)
    }
}

import ErrorModel
import Foundation
import Generation
import LinearAlgebra
import TestSupport
import Testing

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

    @Test func `a generator restored from its tensors makes the same adapters`() throws {
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

    @Test func `names are unique, shapes match the values, and only directions are in half precision`() throws
    {
        let given = try trainedGenerator(randomLibrary()).tensors
        #expect(Set(given.map(\.name)).count == given.count)
        for tensor in given { #expect(tensor.shape.reduce(1, *) == tensor.values.count) }
        #expect(given.filter(\.half).map(\.name) == ["directions"])
    }

    @Test func `a tensor that is missing or has the wrong shape is named`() throws {
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

    @Test func `errors of the lookup pass through`() throws {
        let first = try trainedGenerator(randomLibrary(), plan: smallPlan(steps: 1))
        let error = refusal(.storageFailure) {
            try SemanticGuidedGenerator(record: first.record, file: "f") { _ throws(SgloradError) in
                throw .storageFailure("f", "the disk is gone")
            }
        }
        #expect(error?.parameters["path"] == .string("f"))
    }

    @Test func `a record out of range is refused before any tensor is read`() throws {
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

    @Test func `a record round-trips through JSON`() throws {
        let record = try trainedGenerator(randomLibrary()).record
        let data = try JSONEncoder().encode(record)
        #expect(try JSONDecoder().decode(GeneratorRecord.self, from: data) == record)
    }
}

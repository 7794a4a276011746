import ErrorModel
import Foundation
import Generation
import SemanticGuidance
import TestSupport
import Testing

@Suite("TrainingPlan")
struct TrainingPlanTests {
    @Test func `the default plan is valid and guides broadly`() throws {
        let plan = TrainingPlan()
        try plan.validate()
        #expect(plan.guidance == .broad)
    }

    @Test func `a value out of range is named`() {
        let cases: [(String, [(inout TrainingPlan) -> Void])] = [
            ("steps", [{ $0.steps = 0 }, { $0.steps = 100_001 }, { $0.steps = .min }]),
            ("directions", [{ $0.directions = 0 }, { $0.directions = 513 }, { $0.directions = -1 }]),
            ("latent", [{ $0.latent = 0 }, { $0.latent = 257 }]),
            ("width", [{ $0.width = 3 }, { $0.width = 2049 }]),
            ("lambda", [{ $0.lambda = -0.1 }, { $0.lambda = 1000.1 }, { $0.lambda = .nan }]),
            (
                "learningRate",
                [
                    { $0.learningRate = 0 }, { $0.learningRate = -1 }, { $0.learningRate = 1.01 },
                    { $0.learningRate = .nan }, { $0.learningRate = .infinity },
                ]
            ),
            (
                "weightDecay",
                [{ $0.weightDecay = -0.1 }, { $0.weightDecay = 1.1 }, { $0.weightDecay = .nan }]
            ),
            ("dropout", [{ $0.dropout = -0.1 }, { $0.dropout = 1 }, { $0.dropout = .nan }]),
        ]
        for (field, changes) in cases {
            for change in changes {
                var plan = TrainingPlan()
                change(&plan)
                let error = refusal(.invalidRequest) { try plan.validate() }
                #expect(error?.parameters["field"] == .string(field))
            }
        }
    }

    @Test func `the bounds of the ranges are valid`() throws {
        var least = TrainingPlan()
        (least.steps, least.directions, least.latent, least.width) = (1, 1, 1, 4)
        (least.lambda, least.weightDecay, least.dropout) = (0, 0, 0)
        least.learningRate = .leastNormalMagnitude
        try least.validate()
        var most = TrainingPlan()
        (most.steps, most.directions, most.latent, most.width) = (100_000, 512, 256, 2048)
        (most.lambda, most.weightDecay, most.dropout) = (1000, 1, Float(1).nextDown)
        most.learningRate = 1
        try most.validate()
    }

    @Test func `the smallest plan trains`() throws {
        var plan = TrainingPlan()
        (plan.steps, plan.directions, plan.latent, plan.width) = (1, 1, 1, 4)
        let library = try randomLibrary(experts: 2, checkpoints: 1)
        let generator = try trainedGenerator(library, plan: plan)
        #expect(generator.record.directions == 1 && generator.record.loss.isFinite)
    }

    @Test func `a plan round-trips through JSON`() throws {
        var plan = TrainingPlan()
        plan.seed = .max
        plan.lambda = 0.5
        plan.guidance = try GuidanceOptions(topK: 3, temperature: 0.05, measure: .plain)
        let data = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(TrainingPlan.self, from: data) == plan)
    }
}

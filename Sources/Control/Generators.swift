internal import Adaptation
internal import ErrorModel
internal import ExpertLibrary
internal import Foundation
internal import Generation
internal import SemanticGuidance
internal import SgloradInterface
internal import Varlink

/// Methods for existing generators: list, export, import, remove.
extension ControlHandler {
    func listGenerators(_ call: Methods.ListGenerators.Call) async throws -> Methods.ListGenerators.Reply {
        .init(
            generators: try await domain.generators.list(base: call.parameters.base).map(Wire.Generator.init))
    }

    func getGenerator(_ call: Methods.GetGenerator.Call) async throws -> Methods.GetGenerator.Reply {
        .init(generator: Wire.Generator(try await domain.generators.find(call.parameters.generatorId)))
    }

    func exportGenerator(_ stream: Methods.ExportGenerator.Stream) async throws {
        try await domain.generators.file(of: stream.parameters.generatorId).send(to: stream) {
            .init(offset: $0, chunk: $1, last: $2)
        }
    }

    func importGenerator(_ call: Methods.ImportGenerator.Call) async throws -> Methods.ImportGenerator.Reply {
        let (generator, unchanged) = try await domain.generators.importFile(
            call.parameters.digest, from: caller(call))
        return .init(generator: Wire.Generator(generator), unchanged: unchanged.flag)
    }

    func removeGenerator(_ call: Methods.RemoveGenerator.Call) async throws -> Methods.RemoveGenerator.Reply {
        try await domain.generators.remove(call.parameters.generatorId)
        return .init()
    }
}

extension Wire.Generator {
    init(_ overview: GeneratorOverview) {
        let (standing, foreign) = (overview.standing, overview.foreignExperts)
        let record = standing.record
        self.init(
            generatorId: standing.row.id, system: record.system.rawValue, base: standing.row.base,
            state: standing.state.rawValue,
            reason: standing.reason,
            note: foreign.isEmpty
                ? nil
                : "experts from another initialisation take no part in it: "
                    + foreign.joined(separator: ", "),
            experts: record.experts.map(\.name),
            library: BaseSnapshot.digest(of: record.experts.map(\.digest)), encoder: record.encoder,
            seed: Int(clamping: record.plan.seed), steps: record.plan.steps, directions: record.directions,
            latent: record.plan.latent, width: record.plan.width, topK: record.plan.guidance.topK,
            temperature: Double(record.plan.guidance.temperature),
            proximity: record.plan.guidance.measure.rawValue, explained: record.explained,
            loss: Double(record.loss), reconstruction: Double(record.reconstruction),
            divergence: Double(record.divergence), threshold: Double(record.threshold),
            correctionShare: Double(record.correctionShare),
            steering: record.steering.map {
                Wire.GeneratorSteering(
                    modes: ($0.modes.max() ?? 0) + 1, tasks: $0.tasks, loss: Double($0.loss))
            },
            learning: record.learned.map {
                Wire.GeneratorLearning(
                    tasks: $0.tasks, tasksPerStep: record.plan.taskTraining?.tasksPerStep ?? 0,
                    tensor: record.plan.taskTraining?.tensor?.rawValue,
                    digest: $0.digest)
            },
            verdict: record.verdict.map {
                Wire.GeneratorVerdict(
                    judgedBy: $0.judgedBy.rawValue, tasks: $0.tasks, own: $0.own, control: $0.control,
                    weighted: $0.weighted, base: $0.base)
            },
            seconds: standing.row.seconds, bytes: standing.row.bytes,
            createdAt: JSONText.time(standing.row.createdAt))
    }
}

internal import ControlProtocol
internal import ErrorModel
internal import Evaluation
internal import ExpertCache
internal import Foundation
internal import Generation
internal import LowRank
internal import SemanticGuidance

extension ControlInterface {
    func trainGenerator(
        _ parameters: Methods.TrainGenerator.Parameters, _ call: VarlinkCall, _ replies: VarlinkReplies
    ) async throws {
        let base = try await libraries.base(named: parameters.base)
        let plan = try TrainingPlan(parameters.options ?? Wire.TrainingOptions())
        var tasks: [EvaluationTask] = []
        for task in parameters.tasks ?? [] { tasks.append(try EvaluationTask(task)) }
        if parameters.tasks != nil { try EvaluationTask.validate(tasks) }
        let more = call.more
        let row = try await trainings.train(base, plan: plan, tasks: tasks) { progress in
            if more { try await replies.send(Methods.TrainGenerator.Reply(progress: progress)) }
        }
        try await replies.finish(Methods.TrainGenerator.Reply(generator: try await generator(row.id)))
    }

    func cancelTraining(
        _ parameters: Methods.CancelTraining.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.CancelTraining.Reply {
        let base = try await libraries.base(named: parameters.base)
        return Methods.CancelTraining.Reply(cancelled: await trainings.cancel(base.name))
    }

    func removeGenerator(
        _ parameters: Methods.RemoveGenerator.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.RemoveGenerator.Reply {
        let id = parameters.generatorId
        guard let row = try await cache.generators().first(where: { $0.id == id }),
            try await cache.removeGenerator(id)
        else {
            throw Self.noGenerator(id)
        }
        await libraries.invalidate(row.base)
        inspector.board.clear("generator/\(id)")
        return Methods.RemoveGenerator.Reply()
    }

    func listGenerators(
        _ parameters: Methods.ListGenerators.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.ListGenerators.Reply {
        if let base = parameters.base { _ = try await libraries.base(named: base) }
        return Methods.ListGenerators.Reply(generators: try await generators(base: parameters.base))
    }

    func getGenerator(
        _ parameters: Methods.GetGenerator.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.GetGenerator.Reply {
        Methods.GetGenerator.Reply(generator: try await generator(parameters.generatorId))
    }

    func exportGenerator(
        _ parameters: Methods.ExportGenerator.Parameters, _ call: VarlinkCall, _ replies: VarlinkReplies
    ) async throws {
        guard call.more else { throw VarlinkError.expectedMore }
        let id = parameters.generatorId
        guard let row = try await cache.generators().first(where: { $0.id == id }) else {
            throw Self.noGenerator(id)
        }
        let path = cache.blobs.path(of: row.parameters)
        try await FileStream(path: path, pool: pool).forEach { offset, chunk, last in
            let reply = Methods.ExportGenerator.Reply(
                offset: offset, chunk: chunk.base64EncodedString(), last: last ? true : nil)
            if last { try await replies.finish(reply) } else { try await replies.send(reply) }
        }
    }

    func importGenerator(
        _ parameters: Methods.ImportGenerator.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.ImportGenerator.Reply {
        let path = try await uploads.path(of: parameters.digest, uid: call.peer.uid)
        let id = "g-\(parameters.digest.prefix(16))"
        if let known = try await generators(base: nil).first(where: { $0.generatorId == id }) {
            await uploads.discard([parameters.digest], uid: call.peer.uid)
            return Methods.ImportGenerator.Reply(generator: known, unchanged: true)
        }
        let cache = cache
        let record = try await pool.run { () throws(SgloradError) in
            try GeneratorFile.read(path, name: "the generator's file", verifying: true).record
        }
        let base = try await libraries.base(named: record.base)
        guard base.layout == record.layout else {
            throw SgloradError.layoutMismatch(
                site: record.layout.sites.first?.path ?? "",
                reason:
                    "and others are not as in the base '\(base.name)' of this box; the generator is of another library"
            )
        }
        let row = try await pool.run { () throws(SgloradError) in
            try cache.takeInGenerator(path, name: "the generator's file", seconds: 0)
        }
        try await cache.insert(row)
        await libraries.invalidate(base.name)
        await uploads.discard([parameters.digest], uid: call.peer.uid)
        return Methods.ImportGenerator.Reply(generator: try await generator(row.id))
    }

    private func generator(_ id: String) async throws -> Wire.Generator {
        guard let found = try await generators(base: nil).first(where: { $0.generatorId == id }) else {
            throw Self.noGenerator(id)
        }
        return found
    }

    private static func noGenerator(_ id: String) -> SgloradError {
        .notFound("generator", id, remedy: "'sglorad-ctl generator list' shows those there are.")
    }

    /// The generators as they stand; a text encoder that cannot be loaded is held against none.
    private func generators(base: String?) async throws -> [Wire.Generator] {
        let encoder = try? await encoders.loaded().digest
        var digests: [String: Set<String>] = [:]
        var foreign: [String: [String]] = [:]
        for expert in try await cache.experts() {
            if expert.isForeign {
                foreign[expert.base, default: []].append(expert.name)
            } else {
                digests[expert.base, default: []].insert(expert.digest)
            }
        }
        var layouts: [String: AdapterLayout] = [:]
        for base in try await cache.bases() { layouts[base.name] = base.layout }
        // One that this version cannot read is named by Status.
        return try await cache.generators(base: base).compactMap { row in
            let standing = try? GeneratorStanding(
                row, experts: digests[row.base] ?? [], encoder: encoder, layout: layouts[row.base])
            return standing.map { Wire.Generator($0, leavingOut: foreign[row.base] ?? []) }
        }
    }
}

extension TrainingPlan {
    /// The plan that a caller asks for, with defaults for what is left open.
    fileprivate init(_ options: Wire.TrainingOptions) throws(SgloradError) {
        self.init()
        if let seed = options.seed {
            guard seed >= 0 else {
                throw .invalidRequest(field: "seed", reason: "is \(seed); it must not be negative")
            }
            self.seed = UInt64(seed)
        }
        steps = options.steps ?? steps
        directions = options.directions ?? directions
        latent = options.latent ?? latent
        width = options.width ?? width
        var measure = guidance.measure
        if let name = options.proximity {
            guard let named = ProximityMeasure(rawValue: name) else {
                throw .invalidRequest(field: "proximity", reason: "is '\(name)'; it must be plain or centred")
            }
            measure = named
        }
        guidance = try GuidanceOptions(
            topK: options.topK ?? guidance.topK,
            temperature: options.temperature.map(Float.init) ?? guidance.temperature, measure: measure)
        try validate()
    }
}

extension Wire.Generator {
    /// - Parameter foreign: the experts that no generator of the base can be trained on.
    fileprivate init(_ standing: GeneratorStanding, leavingOut foreign: [String]) {
        let record = standing.record
        self.init(
            generatorId: standing.row.id, base: record.base, state: standing.state.rawValue,
            reason: standing.reason,
            note: foreign.isEmpty
                ? nil
                : "experts of another initialisation take no part in it: \(foreign.joined(separator: ", "))",
            experts: record.experts.map(\.name),
            library: BaseSnapshot.digest(of: record.experts.map(\.digest)),
            encoder: record.encoder, seed: Int(clamping: record.plan.seed), steps: record.plan.steps,
            directions: record.directions, latent: record.plan.latent, width: record.plan.width,
            topK: record.plan.guidance.topK, temperature: Double(record.plan.guidance.temperature),
            proximity: record.plan.guidance.measure.rawValue, explained: record.explained,
            loss: Double(record.loss),
            reconstruction: Double(record.reconstruction), divergence: Double(record.divergence),
            threshold: Double(record.threshold), correctionShare: Double(record.correctionShare),
            steering: record.steering.map {
                Wire.GeneratorSteering(
                    modes: ($0.modes.max() ?? 0) + 1, tasks: $0.tasks, loss: Double($0.loss))
            },
            verdict: record.verdict.map {
                Wire.GeneratorVerdict(
                    judgedBy: $0.judgedBy.rawValue, tasks: $0.tasks, sgLora: $0.sgLoRA,
                    weighted: $0.weighted, base: $0.base)
            },
            seconds: standing.row.seconds, bytes: standing.row.bytes,
            createdAt: WireJSON.time(standing.row.createdAt))
    }
}

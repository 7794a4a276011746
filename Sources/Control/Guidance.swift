internal import Adaptation
internal import ErrorModel
internal import Executors
internal import Files
internal import Generation
internal import IntentQueue
internal import SemanticGuidance
internal import SgloradInterface
internal import TextEncoding
internal import Varlink

/// Methods that explain guidance and encode texts. Both keep a core busy, so they are limited per user.
extension ControlHandler {
    func explain(_ call: Methods.Explain.Call) async throws -> Methods.Explain.Reply {
        let intent = Intent(
            text: call.parameters.text, base: call.parameters.base, topK: call.parameters.topK,
            temperature: call.parameters.temperature, proximity: call.parameters.proximity,
            examples: call.parameters.examples?.map(TaskMaterial.Example.init))
        let caller = caller(call)
        let explanation = try await turns.run(for: caller.account.rawValue) {
            try await domain.inspection.explain(intent, for: caller)
        }
        let guided = explanation.guided
        return .init(
            base: explanation.base, strategy: guided.strategy.rawValue, topK: guided.options.topK,
            temperature: Double(guided.options.temperature), proximity: guided.options.measure.rawValue,
            neighbours: explanation.neighbours.map(Wire.Neighbour.init), prior: Wire.Prior(explanation.prior),
            nearestProximity: Double(guided.relevance.proximity),
            threshold: Double(guided.relevance.threshold),
            wouldRefuse: guided.relevance.refuses, refusal: guided.refusal?.message,
            truncated: explanation.truncated.flag)
    }

    func encode(_ call: Methods.Encode.Call) async throws -> Methods.Encode.Reply {
        let caller = caller(call)
        let encodings = try await turns.run(for: caller.account.rawValue) {
            try await domain.inspection.encode(
                call.parameters.texts, adapter: call.parameters.adapterId, for: caller)
        }
        return .init(
            embeddings: encodings.map {
                Wire.Embedding(
                    values: $0.embedding.map(Double.init), tokens: $0.tokenCount, truncated: $0.truncated.flag
                )
            })
    }
}

extension Wire.Neighbour {
    fileprivate init(_ neighbour: Explanation.Neighbour) {
        self.init(
            expert: neighbour.expert, description: neighbour.description,
            proximity: Double(neighbour.proximity), centred: Double(neighbour.centred),
            weight: neighbour.weight.map(Double.init))
    }
}

extension Wire.Prior {
    fileprivate init(_ prior: Explanation.Prior) {
        self.init(
            meanNorm: prior.meanNorm, variance: prior.variance, within: prior.within, between: prior.between,
            sites: prior.sites.map {
                Wire.SitePrior(
                    site: $0.site, meanA: $0.meanA, meanB: $0.meanB, deviationA: $0.deviationA,
                    deviationB: $0.deviationB)
            })
    }
}

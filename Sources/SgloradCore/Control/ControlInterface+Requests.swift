internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import Generation
internal import IntentQueue
internal import LinearAlgebra
internal import LowRank
internal import Privacy
internal import SemanticGuidance
internal import TextEncoding

extension ControlInterface {
    func request(
        _ parameters: Methods.Request.Parameters, _ call: VarlinkCall, _ replies: VarlinkReplies
    ) async throws {
        let submitted = try await queue.submit(
            try await submission(parameters.intent, parameters.idempotencyKey, call.peer))
        var last: QueuedRequest?
        for await change in try await queue.changes(of: submitted.id) where change != last {
            last = change
            guard !change.state.isFinal else { break }
            if call.more {
                try await replies.send(Methods.Request.Reply(request: wire(change, for: call.peer)))
            }
        }
        try Task.checkCancellation()
        guard let final = last, final.state.isFinal else {
            if let error = await queue.interruption {
                throw SgloradError(
                    error.code,
                    "The request \(submitted.id) is kept and will be answered once the daemon can write again; "
                        + "'sglorad-ctl queue show \(submitted.id)' shows it. Now: \(error.message)",
                    parameters: error.parameters, cause: error)
            }
            throw SgloradError.cancelled(
                "the daemon is stopping; the request is kept and answered after its next start")
        }
        if let failure = final.failure { throw try WireJSON.decode(SgloradError.self, failure) }
        guard final.state == .done else {
            throw SgloradError.cancelled("the request ended as \(final.state.rawValue)")
        }
        guard let id = final.adapter, let adapter = try await cache.adapter(id) else {
            throw SgloradError.notFound(
                "adapter", final.adapter ?? "",
                remedy:
                    "The request \(final.id) was done, and its adapter has been removed since. Make a new request."
            )
        }
        try await replies.finish(
            Methods.Request.Reply(
                request: wire(final, for: call.peer), adapter: try Wire.Adapter(adapter, in: cache))
        )
    }

    func explain(
        _ parameters: Methods.Explain.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.Explain.Reply {
        let intent = try IntentValidation.queued(
            Wire.Intent(
                text: parameters.text, topK: parameters.topK, temperature: parameters.temperature,
                proximity: parameters.proximity))
        let base = try await libraries.base(named: parameters.base)
        let (guided, encoding, _) = try await pipeline.guide(intent, base: base)
        let snapshot = try await libraries.snapshot(base)
        let descriptions = Dictionary(
            uniqueKeysWithValues: snapshot.experts.map { ($0.name, $0.description) })
        return try await pool.run { () throws(SgloradError) in
            Methods.Explain.Reply(
                base: base.name, strategy: guided.strategy.rawValue, topK: guided.options.topK,
                temperature: Double(guided.options.temperature), proximity: guided.options.measure.rawValue,
                neighbours: Self.neighbours(guided, descriptions), prior: Self.prior(guided),
                nearestProximity: Double(guided.relevance.proximity),
                threshold: Double(guided.relevance.threshold),
                wouldRefuse: guided.relevance.refuses, truncated: encoding.truncated ? true : nil)
        }
    }

    func encode(
        _ parameters: Methods.Encode.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.Encode.Reply {
        let texts = parameters.texts
        guard texts.count <= Methods.Encode.limit else {
            throw SgloradError.invalidRequest(
                field: "texts", reason: "has more than \(Methods.Encode.limit) texts")
        }
        for (index, text) in texts.enumerated() where text.byteCount > IntentValidation.textLimit {
            throw SgloradError.invalidRequest(
                field: "texts",
                reason:
                    "has a text of \(text.byteCount) bytes at place \(index); at most \(IntentValidation.textLimit) "
                    + "are taken")
        }
        let encoder = try await encoders.loaded().encoder
        var applied: LoRAAdapter?
        if let id = parameters.adapterId {
            let record = try await adapter(id, for: call.peer)
            let base = try await libraries.base(named: record.base)
            let folder = cache.folder(of: record)
            applied = try await cache.using(record) {
                try await pool.run { () throws(SgloradError) in
                    try PublishedAdapter.read(folder, layout: base.layout)
                }
            }
        }
        let adapter = applied
        let encodings = try await pool.run { () throws(SgloradError) in
            try encoder.encode(batch: texts.map(\.revealed), adapter: adapter)
        }
        return Methods.Encode.Reply(
            embeddings: encodings.map {
                Wire.Embedding(
                    values: $0.embedding.map(Double.init), tokens: $0.tokenCount,
                    truncated: $0.truncated ? true : nil)
            })
    }

    /// The nearest experts by the intent's measure: those that guide, and more up to ten.
    private static func neighbours(_ guided: GuidedIntent, _ descriptions: [String: String]) -> [Wire
        .Neighbour]
    {
        let weights = Dictionary(
            uniqueKeysWithValues: guided.neighbourhood.members.map { ($0.expert, $0.weight) })
        let measured = guided.options.measure == .plain ? guided.plain : guided.centred
        return measured.indices.sorted { (measured[$0], $1) > (measured[$1], $0) }
            .prefix(max(10, weights.count))
            .map { place in
                let name = guided.library.experts[place].name
                return Wire.Neighbour(
                    expert: name, description: descriptions[name] ?? "",
                    proximity: Double(guided.plain[place]),
                    centred: Double(guided.centred[place]), weight: weights[place].map(Double.init))
            }
    }

    private static func prior(_ guided: GuidedIntent) -> Wire.Prior {
        let experts = guided.library.experts
        let prior = SemanticPrior(
            guided.neighbourhood, means: experts.map(\.mean), variances: experts.map(\.variance))
        let variance = prior.variance
        func mean(_ values: some Collection<Float>) -> Double {
            values.reduce(0.0) { $0 + Double($1) } / Double(max(1, values.count))
        }
        func size(_ values: some Collection<Float>) -> Double {
            (values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, values.count))).squareRoot()
        }
        return Wire.Prior(
            meanNorm: prior.mean.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot(),
            variance: mean(variance),
            within: mean(prior.within), between: mean(prior.between),
            sites: guided.library.layout.slices.map { slice in
                Wire.SitePrior(
                    site: slice.site.path, meanA: size(prior.mean[slice.a]), meanB: size(prior.mean[slice.b]),
                    deviationA: mean(variance[slice.a]).squareRoot(),
                    deviationB: mean(variance[slice.b]).squareRoot())
            })
    }
}

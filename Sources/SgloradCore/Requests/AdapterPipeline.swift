internal import AdapterFormats
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

/// The way of an intent, from its text to a published adapter.
///
/// One direction; each step runs on a thread of the pool.
struct AdapterPipeline: Sendable {
    let cache: ExpertCache
    let encoders: EncoderProvider
    let libraries: LibraryKeeper
    let pool: ComputePool

    /// Encodes an intent and lets the library guide it.
    func guide(
        _ intent: QueuedIntent, base: BaseRecord
    ) async throws(SgloradError) -> (guided: GuidedIntent, encoding: Encoding, encoder: LoadedEncoder) {
        let encoder = try await encoders.loaded()
        let encoding = try await pool.run { () throws(SgloradError) in
            try encoder.encoder.encode(intent.text.revealed)
        }
        let snapshot = try await libraries.snapshot(base)
        let guided = try await pool.run { () throws(SgloradError) in
            try GuidedIntent(intent, encoding: encoding, snapshot: snapshot)
        }
        return (guided, encoding, encoder)
    }

    /// Answers one request.
    ///
    /// - Parameters:
    ///   - request: what is answered.
    ///   - intent: what is wanted.
    ///   - stage: told what is being done; what it throws ends the work.
    /// - Throws: `noRelevantExpert` where the intent is refused, else what went wrong.
    func answer(
        _ request: QueuedRequest, _ intent: QueuedIntent,
        stage: (RequestStage) async throws(SgloradError) -> Void
    ) async throws(SgloradError) -> AdapterRecord {
        // A run that was cut off between publishing and the queue's commit has done the work already.
        if let published = try await cache.adapter(request: request.id) { return published }
        let base = try await libraries.base(named: request.base)
        try await stage(.encoding)
        let (guided, encoding, encoder) = try await guide(intent, base: base)
        if !intent.force, let refusal = guided.refusal { throw refusal }
        try await stage(.generating)
        let provenance = Wire.Provenance(guided, intent: intent, base: base.name, encoder: encoder.digest)
        let json = try WireJSON.string(provenance)
        let files = try await pool.run { () throws(SgloradError) in
            let parameters = try guided.generator.parameters(
                guidedBy: guided.neighbourhood, in: guided.library, seed: intent.seed)
            return try PEFTWriter.files(
                for: LoRAAdapter(layout: guided.library.layout, parameters: parameters),
                template: base.template,
                provenance: ["sglorad.provenance": json])
        }
        try await stage(.publishing)
        let draft = AdapterDraft(
            uid: request.uid, base: base.name, request: request.id, files: files, label: request.label,
            truncated: encoding.truncated, provenance: json,
            experts: guided.neighbourhood.members.map { guided.library.experts[$0.expert].digest },
            createdAt: Date())
        let cache = cache
        let record = try await pool.run { () throws(SgloradError) in try cache.writeFolder(draft) }
        do throws(SgloradError) {
            try await cache.insert(record)
        } catch {
            // A worker that lost its lease while it was writing may have been first: there is one adapter for a request.
            if let published = try? await cache.adapter(request: request.id) { return published }
            throw error
        }
        return record
    }
}

extension Wire.Provenance {
    /// What made an adapter; holds nothing of the intent but its options.
    init(_ guided: GuidedIntent, intent: QueuedIntent, base: String, encoder: String) {
        self.init(
            strategy: guided.strategy.rawValue, choice: guided.choice, base: base,
            experts: guided.neighbourhood.members.map { member in
                Wire.GuidingExpert(
                    expert: guided.library.experts[member.expert].name,
                    digest: guided.library.experts[member.expert].digest,
                    proximity: Double(member.proximity), weight: Double(member.weight))
            },
            topK: guided.options.topK, temperature: Double(guided.options.temperature),
            proximity: guided.options.measure.rawValue, nearestProximity: Double(guided.relevance.proximity),
            threshold: Double(guided.relevance.threshold), seed: Int(intent.seed),
            generator: guided.serving?.id,
            library: guided.libraryDigest, encoder: encoder, kernel: BLAS.kernel,
            version: SgloradRelease.version,
            warnings: guided.warnings.isEmpty ? nil : guided.warnings)
    }
}

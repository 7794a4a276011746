internal import AdapterFormats
package import ErrorModel
internal import Executors
package import ExpertLibrary
internal import Files
internal import Foundation
internal import Generation
package import IntentQueue
internal import LowRank
internal import Privacy
internal import SemanticGuidance
internal import SpoolForms
internal import TextEncoding

/// Turns an intent into a published adapter: encode, guide, generate, publish.
///
/// Each step runs on a thread of the pool and is independent of how the others work.
package struct AdapterPipeline: Sendable {
    let store: LibraryStore
    let encoders: EncoderProvider
    let encoding: JointEncoding
    let snapshots: LibrarySnapshots
    let pool: ComputePool
    /// Under whom each user is counted.
    let accounts: UserAccounts

    /// Encodes a user's intent and computes its guidance from the base's library.
    private func guide(
        _ intent: QueuedIntent, of user: UserID, base: BaseRecord
    ) async throws(SgloradError) -> (guided: GuidedIntent, encoding: Encoding, encoder: LoadedEncoder) {
        let encoder = try await encoders.loaded()
        let encoding = try await encoding.encode(
            intent.text, by: encoder.encoder, for: accounts.account(of: user))
        let guided = try await snapshots.guide(intent, encoding: encoding, by: encoder.encoder, base: base) {
            [pool] (search) throws(SgloradError) in try await pool.run(search)
        }
        return (guided, encoding, encoder)
    }

    /// Answers one request.
    ///
    /// - Parameters:
    ///   - request: the queued request.
    ///   - intent: its intent.
    ///   - stage: called before each stage; an error that it throws ends the work.
    /// - Throws: `noRelevantExpert` if the intent is refused; the error of a step that fails.
    package func answer(
        _ request: QueuedRequest, _ intent: QueuedIntent,
        stage: (RequestStage) async throws(SgloradError) -> Void
    ) async throws(SgloradError) -> AdapterRecord {
        // An earlier attempt may have been interrupted between publishing and the queue's commit.
        if let published = try await store.adapters.find(request: request.id) { return published }
        let before = MappedFiles.losses
        do throws(SgloradError) {
            return try await answer(request, intent, since: before, stage: stage)
        } catch  where MappedFiles.losses != before {
            // A mapped file was truncated meanwhile: whatever is damaged goes to quarantine, and the rest answers.
            return try await answer(request, intent, since: MappedFiles.losses, stage: stage)
        }
    }

    /// Answers one request, unless content of a mapped file is lost meanwhile.
    ///
    /// - Parameter losses: how often content had been lost before.
    private func answer(
        _ request: QueuedRequest, _ intent: QueuedIntent, since losses: UInt64,
        stage: (RequestStage) async throws(SgloradError) -> Void
    ) async throws(SgloradError) -> AdapterRecord {
        let base = try await snapshots.base(named: request.base)
        try await stage(.encoding)
        let (guided, encoding, encoder) = try await guide(intent, of: request.uid, base: base)
        if !intent.options.force, let refusal = guided.refusal { throw refusal }
        try await stage(.generating)
        let provenance = Form.Provenance(guided, intent: intent, base: base.name, encoder: encoder)
        let json = try JSONText.encode(provenance)
        let files = try await pool.run { () throws(SgloradError) in
            let parameters = try guided.generator.parameters(
                guidedBy: guided.neighbourhood, in: guided.library, seed: intent.options.seed)
            return try PEFTWriter.files(
                for: LoRAAdapter(layout: guided.library.layout, parameters: parameters),
                template: base.template,
                provenance: ["sglorad.provenance": json])
        }
        guard MappedFiles.losses == losses else { throw .lostContent }
        try await stage(.publishing)
        let draft = AdapterDraft(
            uid: request.uid, base: base.name, request: request.id, files: files, label: request.label,
            truncated: encoding.truncated, provenance: json,
            experts: guided.neighbourhood.members.map { guided.library.expert($0.expert).digest },
            createdAt: Date())
        let store = store
        let record = try await pool.run { () throws(SgloradError) in try store.adapters.write(draft) }
        do throws(SgloradError) {
            try await store.adapters.insert(record)
        } catch {
            // A worker that lost its lease while writing may have inserted first: a request has one adapter.
            if let published = try? await store.adapters.find(request: request.id) { return published }
            throw error
        }
        return record
    }
}

extension Form.Provenance {
    /// How an adapter was made.
    ///
    /// Holds the intent's options but not its text.
    init(_ guided: GuidedIntent, intent: QueuedIntent, base: String, encoder: LoadedEncoder) {
        self.init(
            strategy: guided.strategy.rawValue, choice: guided.choice, base: base,
            experts: guided.neighbourhood.members.map { member in
                Form.GuidingExpert(
                    expert: guided.library.expert(member.expert).name,
                    digest: guided.library.expert(member.expert).digest,
                    proximity: Double(member.proximity), weight: Double(member.weight))
            },
            topK: guided.options.topK, temperature: Double(guided.options.temperature),
            proximity: guided.options.measure.rawValue, nearestProximity: Double(guided.relevance.proximity),
            threshold: Double(guided.relevance.threshold), seed: Int(intent.options.seed),
            generator: guided.serving?.id,
            library: guided.libraryDigest, encoder: encoder.digest,
            kernel: ProcessorKernels.name(encoder.encoder.precision),
            version: SgloradRelease.version,
            warnings: guided.warnings.isEmpty ? nil : guided.warnings)
    }
}

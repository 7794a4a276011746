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
    /// Where refinements run.
    let refinements: ComputePool
    /// Under whom each user is counted.
    let accounts: UserAccounts
    /// Gives adapters their published names.
    let publication: Publication

    /// What became of a request before its adapter is published.
    private enum Draft: Sendable {
        case published(AdapterRecord)
        case guided(GuidedIntent, LoadedEncoder, base: BaseRecord, isTruncated: Bool)
        case ready(AdapterDraft)
    }

    /// A step of the work on a request begins; an error ends the work on it.
    package typealias StageReport = @Sendable (TakenRequest, RequestStage) async throws(SgloradError) -> Void

    /// Answers requests together: their texts are encoded at the same time, and their adapters published with as few flushes
    /// as for one.
    ///
    /// - Parameters:
    ///   - requests: the requests.
    ///   - stage: called before each stage of each.
    /// - Returns: of each, in order, its adapter, or why there is none: `noRelevantExpert` if the intent is refused; the error of
    ///   a step that fails.
    package func answer(
        _ requests: [TakenRequest], stage: @escaping StageReport
    ) async -> [Result<AdapterRecord, SgloradError>] {
        let before = MappedFiles.losses
        var results = await answer(requests, since: before, stage: stage)
        guard MappedFiles.losses != before else { return results }
        // A mapped file was truncated meanwhile: whatever is damaged goes to quarantine, and the rest answers.
        for (place, request) in requests.enumerated() {
            guard case .failure = results[place] else { continue }
            results[place...place] = await answer([request], since: MappedFiles.losses, stage: stage)[...]
        }
        return results
    }

    /// Answers requests, unless content of a mapped file is lost meanwhile.
    ///
    /// - Parameter losses: how often content had been lost before.
    private func answer(
        _ requests: [TakenRequest], since losses: UInt64, stage: @escaping StageReport
    ) async -> [Result<AdapterRecord, SgloradError>] {
        var drafts = await guided(requests, stage: stage)
        // One after the other: the numbers of one adapter may take much memory.
        for (place, request) in requests.enumerated() {
            guard case .success(.guided(let guided, let encoder, let base, let isTruncated)) = drafts[place]
            else { continue }
            do throws(SgloradError) {
                try await stage(request, .generating)
                let draft = try await generate(
                    guided, request, base: base, encoder: encoder, isTruncated: isTruncated, stage: stage)
                guard MappedFiles.losses == losses else { throw .lostContent }
                try await stage(request, .publishing)
                drafts[place] = .success(.ready(draft))
                // A large adapter does not wait in memory for the others.
                if !draft.isSmall { drafts[place] = await publish([draft])[0].map { .published($0) } }
            } catch {
                drafts[place] = .failure(error)
            }
        }
        return await named(await published(drafts))
    }

    /// Publishes the adapters that have labels under these, if the configuration asks for it.
    private func named(
        _ results: [Result<AdapterRecord, SgloradError>]
    ) async -> [Result<AdapterRecord, SgloradError>] {
        var named = results
        for (place, result) in results.enumerated() {
            if case .success(let adapter) = result {
                named[place] = .success(await publication.publishMade(adapter))
            }
        }
        return named
    }

    /// Encodes the texts of requests, at the same time, and computes their guidance.
    private func guided(
        _ requests: [TakenRequest], stage: StageReport
    ) async -> [Result<Draft, SgloradError>] {
        var drafts: [Result<Draft, SgloradError>] = []
        var begun: [(place: Int, request: TakenRequest, base: BaseRecord)] = []
        for (place, request) in requests.enumerated() {
            do throws(SgloradError) {
                // An earlier attempt may have been interrupted between publishing and the queue's commit.
                if let published = try await store.adapters.find(request: request.request.id) {
                    drafts.append(.success(.published(published)))
                    continue
                }
                let base = try await snapshots.base(named: request.request.base)
                try await stage(request, .encoding)
                begun.append((place, request, base))
                drafts.append(.failure(.internal("a request was not encoded")))
            } catch {
                drafts.append(.failure(error))
            }
        }
        guard !begun.isEmpty else { return drafts }
        do throws(SgloradError) {
            let encoder = try await encoders.loaded()
            let texts = begun.map { ($0.request.intent.text, accounts.account(of: $0.request.request.uid)) }
            let encodings = await encoding.encode(texts, by: encoder.encoder)
            for ((place, request, base), encoding) in zip(begun, encodings) {
                drafts[place] = await guided(request, base: base, encoding, by: encoder)
            }
        } catch {
            for (place, _, _) in begun { drafts[place] = .failure(error) }
        }
        return drafts
    }

    /// Computes the guidance of an intent from the base's library.
    private func guided(
        _ request: TakenRequest, base: BaseRecord, _ encoding: Result<Encoding, SgloradError>,
        by encoder: LoadedEncoder
    ) async -> Result<Draft, SgloradError> {
        do throws(SgloradError) {
            let encoding = try encoding.get()
            let examples = try await self.encoding.embeddings(
                of: request.intent.material,
                readingAnswers: snapshots.readsAnswers(request.intent, of: base), by: encoder.encoder,
                for: accounts.account(of: request.request.uid))
            let guided = try await snapshots.guide(
                request.intent, encoding: encoding, examples: examples, by: encoder.encoder, base: base
            ) { [pool] (search) throws(SgloradError) in try await pool.run(search) }
            if !request.intent.options.force, let refusal = guided.refusal { throw refusal }
            return .success(.guided(guided, encoder, base: base, isTruncated: encoding.truncated))
        } catch {
            return .failure(error)
        }
    }

    /// Generates an adapter's numbers, refines them if the intent has answered examples, and writes its files in memory.
    private func generate(
        _ guided: GuidedIntent, _ taken: TakenRequest, base: BaseRecord, encoder: LoadedEncoder,
        isTruncated: Bool, stage: @escaping StageReport
    ) async throws(SgloradError) -> AdapterDraft {
        let intent = taken.intent
        let (generated, routing) = try await pool.run { () throws(SgloradError) in
            let condition = try guided.condition(intent.text, by: encoder.encoder)
            let parameters = try guided.generator.parameters(
                for: condition, guidedBy: guided.neighbourhood, in: guided.library,
                seed: intent.options.seed)
            guided.library.releasePages()
            let routing = guided.serving?.generator.routing(for: condition) ?? []
            return (LoRAAdapter(layout: guided.library.layout, parameters: parameters), routing)
        }
        let (adapter, examples) = try await refined(generated, taken, by: encoder.encoder, stage: stage)
        let provenance = Form.Provenance(
            guided, examples, routing: routing, intent: intent, base: base, encoder: encoder)
        let json = try JSONText.encode(provenance)
        let files = try await pool.run { () throws(SgloradError) in
            try base.files(of: adapter, for: intent.options, provenance: json)
        }
        return AdapterDraft(
            uid: taken.request.uid, base: base.name, request: taken.request.id, files: files,
            label: taken.request.label, truncated: isTruncated, provenance: json,
            experts: guided.sources,
            createdAt: Date())
    }

    /// Publishes the drafts that are ready.
    private func published(
        _ drafts: [Result<Draft, SgloradError>]
    ) async -> [Result<AdapterRecord, SgloradError>] {
        let ready = drafts.compactMap { if case .success(.ready(let draft)) = $0 { draft } else { nil } }
        var records = await publish(ready)[...]
        return drafts.map { draft in
            draft.flatMap { draft in
                switch draft {
                case .published(let record): .success(record)
                case .ready: records.popFirst() ?? .failure(.internal("a draft has no result"))
                case .guided: .failure(.internal("a request was not generated"))
                }
            }
        }
    }

    private func publish(_ drafts: [AdapterDraft]) async -> [Result<AdapterRecord, SgloradError>] {
        guard !drafts.isEmpty else { return [] }
        var results = await store.adapters.publish(drafts, on: pool)
        for (place, draft) in drafts.enumerated() {
            // A worker that lost its lease while writing may have inserted first: a request has one adapter.
            if case .failure = results[place],
                let published = try? await store.adapters.find(request: draft.request)
            {
                results[place] = .success(published)
            }
        }
        return results
    }
}

extension Form.Provenance {
    /// How an adapter was made.
    ///
    /// Holds the intent's options but not its text.
    init(
        _ guided: GuidedIntent, _ examples: ExampleUse?, routing: [RoutedLayer], intent: QueuedIntent,
        base: BaseRecord,
        encoder: LoadedEncoder
    ) {
        let warnings = guided.warnings + [examples?.warning].compactMap { $0 }
        self.init(
            strategy: guided.strategy.rawValue, choice: guided.choice, base: base.name,
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
            routing: routing.isEmpty
                ? nil
                : routing.map { layer in
                    Form.RoutedLayer(
                        layer: layer.layer,
                        experts: layer.experts.map {
                            Form.RoutedExpert(expert: $0.expert, gate: Double($0.gate))
                        })
                },
            library: guided.libraryDigest, encoder: encoder.digest,
            kernel: ProcessorKernels.name(encoder.encoder.precision),
            version: SgloradRelease.version,
            examples: examples?.counts,
            prompt: base.promptForm.map { Form.PromptForm(prompt: $0.prompt, answer: $0.answer) },
            warnings: warnings.isEmpty ? nil : warnings)
    }
}

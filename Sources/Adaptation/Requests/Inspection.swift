internal import AdapterFormats
package import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import LowRank
package import Privacy
internal import SemanticGuidance
package import TextEncoding

/// Explains intents and encodes texts: computations that callers run directly, without a request.
package struct Inspection: Sendable {
    /// The maximum number of texts per call.
    static let textsLimit = 1024

    let pipeline: AdapterPipeline
    let belongings: Belongings

    /// Explains the guidance of an intent.
    ///
    /// - Throws: `invalidIntent`, `unknownBase`, `emptyLibrary`, `generatorUnavailable`, `invalidModel`.
    package func explain(_ intent: Intent) async throws(SgloradError) -> Explanation {
        let queued = try intent.checked()
        let base = try await pipeline.snapshots.base(named: intent.base)
        let (guided, encoding, _) = try await pipeline.guide(queued, base: base)
        let snapshot = try await pipeline.snapshots.snapshot(base)
        let descriptions = Dictionary(
            uniqueKeysWithValues: snapshot.experts.map { ($0.name, $0.description) })
        return try await pipeline.pool.run { () throws(SgloradError) in
            Explanation(guided, base: base.name, descriptions: descriptions, truncated: encoding.truncated)
        }
    }

    /// Unit embeddings of texts, with a published adapter applied if one is named.
    ///
    /// - Throws: `invalidRequest` for too many or too long texts, `notFound`, `layoutMismatch` if the encoder
    ///   is not the adapter's base.
    package func encode(
        _ texts: [PrivateText], adapter id: String?, for caller: Caller
    ) async throws -> [Encoding] {
        guard texts.count <= Self.textsLimit else {
            throw SgloradError.invalidRequest(
                field: "texts", reason: "has more than \(Self.textsLimit) texts")
        }
        for (index, text) in texts.enumerated() where text.byteCount > Intent.textLimit {
            throw SgloradError.invalidRequest(
                field: "texts",
                reason: "has a text of \(text.byteCount) bytes at index \(index); the limit is "
                    + "\(Intent.textLimit)")
        }
        let encoder = try await pipeline.encoders.loaded().encoder
        let before = MappedFiles.losses
        let adapter = try await parameters(of: id, for: caller)
        let encodings = try await pipeline.pool.run { () throws(SgloradError) in
            try encoder.encode(batch: texts.map(\.revealed), adapter: adapter)
        }
        guard MappedFiles.losses == before else { throw SgloradError.lostContent }
        return encodings
    }

    /// A published adapter's parameters on its base's layout; nil for no adapter.
    private func parameters(of id: String?, for caller: Caller) async throws -> LoRAAdapter? {
        guard let id else { return nil }
        let record = try await belongings.adapter(id, for: caller)
        let base = try await pipeline.snapshots.base(named: record.base)
        let folder = pipeline.store.adapters.folder(of: record)
        return try await pipeline.store.adapters.using(record) {
            try await pipeline.pool.run { () throws(SgloradError) in
                let published = try PEFTFolder.read(directory: folder)
                guard let checkpoint = published.checkpoints.first else {
                    throw .internal("the published adapter \(record.id) has no parameters")
                }
                return try base.layout.place(checkpoint.factors)
            }
        }
    }
}

internal import AdapterFormats
package import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Files
internal import IntentQueue
internal import LowRank
package import Privacy
internal import SemanticGuidance
package import TextEncoding

/// Explains intents and encodes texts: computations that callers run directly, without a request.
///
/// The work is cut into pieces of some ten milliseconds, between which other users have their turns. It ends with the
/// piece in which the caller's task is cancelled.
package struct Inspection: Sendable {
    /// The maximum number of texts per call.
    static let textsLimit = 1024
    /// How many bytes of text are tokenised in one piece of work.
    private static let tokenizedBytes = 128 << 10

    let store: LibraryStore
    let encoders: EncoderProvider
    let encoding: JointEncoding
    let snapshots: LibrarySnapshots
    let belongings: Belongings
    /// The threads for computation.
    let turns: TurnPool
    /// The threads for reading files.
    let files: ComputePool

    /// Explains the guidance of an intent, by its text and its examples; neither is kept.
    ///
    /// - Throws: `invalidIntent`, `unknownBase`, `emptyLibrary`, `generatorUnavailable`, `invalidModel`.
    package func explain(_ intent: Intent, for caller: Caller) async throws(SgloradError) -> Explanation {
        let queued = try intent.checked()
        let base = try await snapshots.base(named: intent.base)
        let encoder = try await encoders.loaded().encoder
        let before = MappedFiles.losses
        let user = caller.account.rawValue
        let encoding = try await encoding.encode(queued.text, by: encoder, for: caller.account)
        let examples = try await self.encoding.embeddings(
            of: queued.material, readingAnswers: snapshots.readsAnswers(queued, of: base), by: encoder,
            for: caller.account)
        let guided = try await snapshots.guide(
            queued, encoding: encoding, examples: examples, by: encoder, base: base, listing: true
        ) { [turns] (search) throws(SgloradError) in try await turns.run(for: user, search) }
        var sums: [(part: Explanation.Prior.Part, sums: Explanation.Prior.Sums)] = []
        for piece in Explanation.Prior.pieces(of: guided) {
            sums += try await turns.run(for: user) { () throws(SgloradError) in
                piece.map { (part: $0, sums: $0.sums(guided)) }
            }
        }
        guard MappedFiles.losses == before else { throw .lostContent }
        return Explanation(
            guided, base: base.name, prior: Explanation.Prior(guided, parts: sums),
            truncated: encoding.truncated)
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
        let encoder = try await encoders.loaded().encoder
        let before = MappedFiles.losses
        let adapter = try await parameters(of: id, for: caller)
        let user = caller.account.rawValue
        var tokenized: [TokenizedText] = []
        for piece in Self.pieces(texts) {
            tokenized += try await turns.run(for: user) { () throws(SgloradError) in
                piece.map { encoder.tokenize($0.revealed) }
            }
        }
        var encodings = [Encoding?](repeating: nil, count: texts.count)
        for batch in SentenceEncoder.batches(of: tokenized, limit: JointEncoding.tokensLimit) {
            let texts = batch.map { tokenized[$0] }
            let encoded =
                if let adapter {
                    try await turns.run(for: user) { () throws(SgloradError) in
                        try encoder.encode(texts, adapter: adapter)
                    }
                } else {
                    try await encoding.encode(texts, by: encoder, for: caller.account)
                }
            for (index, encoding) in zip(batch, encoded) { encodings[index] = encoding }
        }
        guard MappedFiles.losses == before else { throw SgloradError.lostContent }
        return encodings.compactMap { $0 }
    }

    /// Divides texts into pieces of so many bytes, or of one longer text.
    private static func pieces(_ texts: [PrivateText]) -> [ArraySlice<PrivateText>] {
        var pieces: [ArraySlice<PrivateText>] = []
        var (start, bytes) = (0, 0)
        for (index, text) in texts.enumerated() {
            if bytes + text.byteCount > tokenizedBytes, index > start {
                pieces.append(texts[start..<index])
                (start, bytes) = (index, 0)
            }
            bytes += text.byteCount
        }
        pieces.append(texts[start...])
        return pieces
    }

    /// A published adapter's parameters on its base's layout; nil for no adapter.
    private func parameters(of id: String?, for caller: Caller) async throws -> LoRAAdapter? {
        guard let id else { return nil }
        let record = try await belongings.adapter(id, for: caller)
        guard record.files.contains(where: { $0.name.hasSuffix(".safetensors") }) else {
            throw SgloradError.invalidRequest(
                field: "adapterId",
                reason:
                    "names an adapter without files in the format peft, which are needed here. Request it with "
                    + "'--format peft,gguf'")
        }
        let base = try await snapshots.base(named: record.base)
        let folder = store.adapters.folder(of: record)
        return try await store.adapters.using(record) {
            try await files.run { () throws(SgloradError) in
                let published = try PEFTFolder.read(directory: folder)
                guard let checkpoint = published.checkpoints.first else {
                    throw .internal("the published adapter \(record.id) has no parameters")
                }
                return try base.layout.place(checkpoint.factors)
            }
        }
    }
}

package import ErrorModel
internal import Executors
package import ExpertLibrary
internal import Logging
internal import TextEncoding

/// A base model with a summary of its library.
package struct BaseOverview: Sendable {
    package let base: BaseRecord
    package let experts: Int
    /// The digest of the library.
    package let library: String
    /// Whether the text encoder has the base's sites, so that `Encode` can apply its adapters.
    package let encodes: Bool
}

/// Lists, shows and removes bases and experts.
package struct Experts: Sendable {
    let store: LibraryStore
    let encoders: EncoderProvider
    let snapshots: LibrarySnapshots
    let publication: Publication
    let logger: Logger

    /// All bases, by name.
    package func bases() async throws(SgloradError) -> [BaseOverview] {
        var overviews: [BaseOverview] = []
        for base in try await store.bases.all() { overviews.append(try await overview(of: base)) }
        return overviews
    }

    /// Summarises a base's library.
    package func overview(of base: BaseRecord) async throws(SgloradError) -> BaseOverview {
        let experts = try await store.embeddings.digests(of: base.name)
        let encoder = try? await encoders.loaded().encoder
        let encodes = encoder.map { (try? $0.check(base.layout)) != nil } ?? false
        return BaseOverview(
            base: base, experts: experts.count, library: BaseSnapshot.digest(of: experts),
            encodes: encodes)
    }

    /// The experts of one base, or of all, by name.
    ///
    /// - Throws: `unknownBase`.
    package func list(base: String?) async throws(SgloradError) -> [ExpertRecord] {
        if let base { _ = try await snapshots.base(named: base) }
        return try await store.experts.all(of: base)
    }

    /// An expert and the generators that were trained on it.
    ///
    /// - Throws: `unknownBase`, `notFound`.
    package func show(
        _ name: String, base: String?
    ) async throws(SgloradError) -> (expert: ExpertRecord, generators: [StoredGenerator]) {
        let expert = try await find(name, base: base)
        return (expert, try await generators(trainedOn: expert))
    }

    /// Removes an expert; every generator that was trained on it is disabled.
    ///
    /// - Parameter derived: whether to remove the published adapters that it guided, too.
    /// - Returns: the expert, the disabled generators, and the IDs of the removed adapters.
    /// - Throws: `unknownBase`, `notFound`, `storageFailure`.
    package func remove(
        _ name: String, base: String?, derived: Bool
    ) async throws(SgloradError) -> (expert: ExpertRecord, disabled: [StoredGenerator], adapters: [String]) {
        // Found within, because a base may be renamed while others pass.
        let expert = try await store.changes.pass { () async throws(SgloradError) -> ExpertRecord in
            let expert = try await find(name, base: base)
            guard try await store.experts.remove(expert.name, base: expert.base) else {
                throw .noExpert(name)
            }
            return expert
        }
        await snapshots.invalidate(expert.base)
        let disabled = try await generators(trainedOn: expert)
        let adapters = derived ? try await store.adapters.remove(guidedBy: expert.digest) : []
        try await publication.settle()
        logger.info("expert removed", metadata: ["expert": "\(expert.name)", "base": "\(expert.base)"])
        return (expert, disabled, adapters)
    }

    private func find(_ name: String, base: String?) async throws(SgloradError) -> ExpertRecord {
        let base = try await snapshots.base(named: base)
        guard let found = try await store.experts.find(name, base: base.name) else {
            throw .noExpert(name)
        }
        return found
    }

    private func generators(trainedOn expert: ExpertRecord) async throws(SgloradError) -> [StoredGenerator] {
        try await store.generators.all(of: expert.base).filter { $0.experts.contains(expert.digest) }
    }
}

extension SgloradError {
    fileprivate static func noExpert(_ name: String) -> SgloradError {
        .notFound("expert", name, remedy: "'sglorad-ctl expert list' lists the experts.")
    }

    /// A base whose library has no experts.
    static func emptyLibrary(_ base: String) -> SgloradError {
        SgloradError(
            .emptyLibrary,
            "The base '\(base)' has no experts yet. Import some with 'sglorad-ctl expert import DIR'.",
            parameters: ["base": .string(base)])
    }
}

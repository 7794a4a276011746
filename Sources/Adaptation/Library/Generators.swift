package import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Files
internal import Generation
internal import LowRank

/// A generator with what a listing shows of it.
package struct GeneratorOverview: Sendable {
    package let standing: GeneratorStanding
    /// The base's experts from another initialisation, on which no generator can be trained.
    package let foreignExperts: [String]
}

/// Lists, imports, exports and removes generators.
package struct Generators: Sendable {
    let store: LibraryStore
    let encoders: EncoderProvider
    let snapshots: LibrarySnapshots
    let uploads: UploadStore
    let board: HealthBoard
    let pool: ComputePool
    /// The threads for reading a generator's file in chunks.
    let files: ComputePool

    /// The generators of one base, or of all, newest first.
    ///
    /// A text encoder that cannot be loaded disables no generator. Records that this version cannot read are
    /// omitted; `Status` reports them.
    ///
    /// - Throws: `unknownBase`.
    package func list(base: String? = nil) async throws(SgloradError) -> [GeneratorOverview] {
        if let base { _ = try await snapshots.base(named: base) }
        let encoder = try? await encoders.loaded().digest
        var digests: [String: Set<String>] = [:]
        var foreign: [String: [String]] = [:]
        for expert in try await store.experts.all() {
            if expert.isForeign {
                foreign[expert.base, default: []].append(expert.name)
            } else {
                digests[expert.base, default: []].insert(expert.digest)
            }
        }
        var layouts: [String: AdapterLayout] = [:]
        for base in try await store.bases.all() { layouts[base.name] = base.layout }
        return try await store.generators.all(of: base).compactMap { row in
            let standing = try? GeneratorStanding(
                row, experts: digests[row.base] ?? [], encoder: encoder, layout: layouts[row.base])
            return standing.map { GeneratorOverview(standing: $0, foreignExperts: foreign[row.base] ?? []) }
        }
    }

    /// One generator.
    ///
    /// - Throws: `notFound`.
    package func find(_ id: String) async throws(SgloradError) -> GeneratorOverview {
        guard let found = try await list().first(where: { $0.standing.row.id == id }) else {
            throw .noGenerator(id)
        }
        return found
    }

    /// A generator's file, to be read in chunks.
    ///
    /// - Throws: `notFound`.
    package func file(of id: String) async throws(SgloradError) -> FileStream {
        FileStream(path: store.blobs.path(of: try await row(id).parameters), pool: files)
    }

    /// Imports an uploaded generator file.
    ///
    /// - Returns: the generator, and whether it existed already.
    /// - Throws: `notFound` for a file that was not uploaded; `invalidFile`; `unknownBase`; `layoutMismatch`;
    ///   `storageFailure`.
    package func importFile(
        _ digest: String, from caller: Caller
    ) async throws(SgloradError) -> (generator: GeneratorOverview, unchanged: Bool) {
        let path = try await uploads.path(of: digest, for: caller.uid)
        let id = "g-\(digest.prefix(16))"
        if let known = try await list().first(where: { $0.standing.row.id == id }) {
            await uploads.discard([digest], of: caller.uid)
            return (known, true)
        }
        let record = try await pool.run { () throws(SgloradError) in
            try GeneratorFile.read(path, name: "the generator's file", verifying: true).record
        }
        let base = try await snapshots.base(named: record.base)
        guard base.layout == record.layout else {
            throw .layoutMismatch(
                site: record.layout.sites.first?.path ?? "",
                reason: "and others differ from the base '\(base.name)' on this machine; the generator is "
                    + "for another library")
        }
        let row = try await store.takeIn(
            path, name: "the generator's file", of: base.name, seconds: 0, on: pool)
        await snapshots.invalidate(base.name)
        await uploads.discard([digest], of: caller.uid)
        return (try await find(row.id), false)
    }

    /// Removes a generator and its file; the newest remaining one that is not disabled then serves.
    ///
    /// - Throws: `notFound`, `storageFailure`.
    package func remove(_ id: String) async throws(SgloradError) {
        let row = try await row(id)
        let removed = try await store.changes.pass { () async throws(SgloradError) in
            try await store.generators.remove(id)
        }
        guard removed else { throw .noGenerator(id) }
        await snapshots.invalidate(row.base)
        board.clear("generator/\(id)")
    }

    private func row(_ id: String) async throws(SgloradError) -> StoredGenerator {
        guard let found = try await store.generators.all().first(where: { $0.id == id }) else {
            throw .noGenerator(id)
        }
        return found
    }
}

extension SgloradError {
    fileprivate static func noGenerator(_ id: String) -> SgloradError {
        .notFound("generator", id, remedy: "'sglorad-ctl generator list' lists the generators.")
    }
}

package import ErrorModel
package import Executors
package import ExpertLibrary
internal import Foundation
internal import Generation
package import Logging
internal import TextEncoding

/// Caches a snapshot of each base's library, mapped and ready to guide; rebuilds it after a change.
package actor LibrarySnapshots {
    private let store: LibraryStore
    private let encoders: EncoderProvider
    private let pool: ComputePool
    private let board: HealthBoard
    private let logger: Logger
    private var snapshots: [String: (snapshot: BaseSnapshot, files: MappedBlobs)] = [:]
    /// Looks at the mapped files, so that neither the pool's threads nor the cooperative ones wait for the disk.
    private let looking = FileExecutor(label: "io.sglorad.snapshots")
    private let verified = VerifiedBlobs()
    /// Counts invalidations, so that a snapshot built during one is not cached.
    private var generation = 0

    package init(
        store: LibraryStore, encoders: EncoderProvider, pool: ComputePool, board: HealthBoard, logger: Logger
    ) {
        self.store = store
        self.encoders = encoders
        self.pool = pool
        self.board = board
        self.logger = logger
    }

    /// Drops the snapshot of a base: its experts or generators have changed.
    func invalidate(_ base: String) {
        snapshots[base] = nil
        generation += 1
    }

    /// Drops all snapshots.
    func invalidateAll() {
        snapshots = [:]
        generation += 1
    }

    /// The base with a name, now or formerly; if `name` is nil, the only base, or the only one with experts.
    ///
    /// - Throws: `unknownBase`.
    package func base(named name: String?) async throws(SgloradError) -> BaseRecord {
        let bases = try await store.bases.all()
        if let name {
            if let found = BaseName.find(name, in: bases) { return found }
            throw .unknownBase(name, known: bases.map(\.name))
        }
        if let only = bases.first, bases.count == 1 { return only }
        let used = try await store.bases.populations().filter { $0.experts > 0 }.map(\.base)
        guard let only = used.first, used.count == 1 else {
            throw .unknownBase("", known: (used.isEmpty ? bases : used).map(\.name))
        }
        return only
    }

    /// The current snapshot of a base.
    func snapshot(_ base: BaseRecord) async throws(SgloradError) -> BaseSnapshot {
        if let known = snapshots[base.name] {
            let files = known.files
            if await looking.run({ files.areUnchanged }) { return known.snapshot }
            logger.warning(
                "a file of the library has changed; it is read again", metadata: ["base": "\(base.name)"])
            invalidate(base.name)
        }
        var mayRepair = true
        var retries = 5
        while true {
            let before = generation
            do {
                let made = try await load(base)
                if generation == before { snapshots[base.name] = made }
                return made.snapshot
            } catch {
                // If a change removed blobs between reading the rows and mapping the files, start over.
                guard generation == before else { continue }
                // The change may not have been announced yet.
                if error.code == .invalidFile, retries > 0 {
                    retries -= 1
                    continue
                }
                guard mayRepair, error.code == .invalidFile || error.code == .storageFailure,
                    try await repairDamage()
                else { throw error }
                mayRepair = false
            }
        }
    }

    /// Verifies every file after one could not be read, and quarantines what is damaged, so that the rest can
    /// serve.
    ///
    /// - Returns: whether anything was repaired or quarantined.
    private func repairDamage() async throws(SgloradError) -> Bool {
        let inventory = try await store.integrity.inventory()
        let problems = try await pool.verify(inventory, in: store.state, minimumAge: .infinity).problems
        var hasRepaired = false
        for problem in problems {
            let repaired = try await store.changes.pass { () async throws(SgloradError) in
                try await store.integrity.repair(problem)
            }
            guard repaired else { continue }
            hasRepaired = true
            problem.log(repaired: true, to: logger)
        }
        if hasRepaired { invalidateAll() }
        return hasRepaired
    }

    private func load(
        _ base: BaseRecord
    ) async throws(SgloradError) -> (snapshot: BaseSnapshot, files: MappedBlobs) {
        let encoder = try await encoders.loaded()
        // Read in one transaction, because an import can raise the rank of both.
        let (base, experts) = try await library(of: base)
        let rows = try await embedded(experts, with: encoder)
        let digests = Set(rows.filter { !$0.isForeign }.map(\.digest))
        var standings: [GeneratorStanding] = []
        for row in try await store.generators.all(of: base.name) {
            let condition = "generator/\(row.id)"
            do throws(SgloradError) {
                standings.append(
                    try GeneratorStanding(
                        row, experts: digests, encoder: encoder.digest, layout: base.layout))
                board.clear(condition)
            } catch {
                // A generator that this version cannot read must not keep the library from serving.
                board.report(
                    condition, error,
                    remedy: "Remove it with 'sglorad-ctl generator remove \(row.id)' and train another.",
                    audience: .everybody)
            }
        }
        let (store, generators, verified) = (store, standings, verified)
        return try await pool.run { () throws(SgloradError) -> (BaseSnapshot, MappedBlobs) in
            let serving = generators.first { $0.state != .disabled }?.row.parameters
            let files = MappedBlobs(
                paths: (rows.map(\.parameters) + (serving.map { [$0] } ?? [])).map(store.blobs.path(of:)))
            try verified.verify(files)
            var experts: [LibraryExpert] = []
            for row in rows {
                let parameters = try store.experts.parameters(of: row, on: base.layout)
                experts.append(
                    LibraryExpert(
                        name: row.name, digest: row.digest, embedding: row.embeddingValues,
                        mean: parameters.mean,
                        variance: parameters.variance, checkpoints: parameters.checkpoints,
                        isForeign: row.isForeign))
            }
            let library = Library(layout: base.layout, experts: experts)
            let byName = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0) })
            let snapshot = BaseSnapshot(
                base: base, experts: library.experts.compactMap { byName[$0.name] }, library: library,
                digest: BaseSnapshot.digest(of: rows.map(\.digest)), generators: generators,
                serving: try Self.serving(generators, library, store))
            return (snapshot, files)
        }
    }

    /// A base as it is now, with its experts; it may have been renamed since the caller found it.
    ///
    /// - Throws: `unknownBase` if it was removed.
    private func library(
        of base: BaseRecord
    ) async throws(SgloradError) -> (base: BaseRecord, experts: [ExpertRecord]) {
        if let found = try await store.bases.library(base.name) { return found }
        let now = try await self.base(named: base.name)
        guard let found = try await store.bases.library(now.name) else {
            throw .unknownBase(base.name, known: try await store.bases.all().map(\.name))
        }
        return found
    }

    private static func serving(
        _ generators: [GeneratorStanding], _ library: Library, _ store: LibraryStore
    ) throws(SgloradError) -> BaseSnapshot.Serving? {
        guard let standing = generators.first(where: { $0.state != .disabled }) else { return nil }
        let digests = standing.record.experts.map(\.digest)
        guard let own = library.subset(digests: digests) else { return nil }
        let generator = try GeneratorFile.read(
            store.blobs.path(of: standing.row.parameters), name: "generator \(standing.row.id)",
            verifying: false)
        return BaseSnapshot.Serving(
            generator: generator, library: own, digest: BaseSnapshot.digest(of: digests), id: standing.row.id)
    }

    /// Recomputes embeddings that were made by another text encoder.
    private func embedded(
        _ rows: [ExpertRecord], with encoder: LoadedEncoder
    ) async throws(SgloradError) -> [ExpertRecord] {
        var result = rows
        for index in result.indices where result[index].encoder != encoder.digest {
            let description = result[index].description
            let encoding = try await pool.run { () throws(SgloradError) in
                try encoder.encoder.encode(description)
            }
            try await store.experts.update(
                embedding: encoding.embedding, encoder: encoder.digest, truncated: encoding.truncated,
                ofExpert: result[index].name, base: result[index].base)
            result[index].embedding = ExpertRecord.embeddingData(encoding.embedding)
            result[index].encoder = encoder.digest
            result[index].descriptionTruncated = encoding.truncated
        }
        return result
    }
}

extension SgloradError {
    /// There is no base with that name, or no name was given (an empty `name`) and there is not exactly one
    /// base.
    static func unknownBase(_ name: String, known: [String]) -> SgloradError {
        let message: String
        switch (name.isEmpty, known.isEmpty) {
        case (_, true):
            message =
                "There is no base model yet. Import an expert with 'sglorad-ctl expert import DIR', which "
                + "adds its base, or add a base with 'sglorad-ctl base add NAME DIR'."
        case (true, false):
            message =
                "There are several base models; choose one with --base: \(known.joined(separator: ", "))."
        case (false, false):
            message = "There is no base model '\(name)'. Known base models: \(known.joined(separator: ", "))."
        }
        return SgloradError(
            .unknownBase, message, parameters: ["base": .string(name), "known": .strings(known)])
    }
}

package import ErrorModel
package import Executors
package import ExpertLibrary
internal import Foundation
internal import Generation
package import Logging
internal import TextEncoding

/// Caches a snapshot of each base's library, mapped and ready to guide; renews it after a change.
package actor LibrarySnapshots {
    let store: LibraryStore
    let encoders: EncoderProvider
    let pool: ComputePool
    private let board: HealthBoard
    private let logger: Logger
    private var snapshots: [String: (snapshot: BaseSnapshot, files: MappedBlobs)] = [:]
    /// Experts that have guided.
    private var known = ExpertCache()
    /// The generators that were read, by their identifiers; each is known by its content.
    private var read: [String: ReadGenerator] = [:]
    /// Looks at the mapped files, so that neither the pool's threads nor the cooperative ones wait for the disk.
    let looking = FileExecutor(label: "io.sglorad.snapshots")
    let verified = VerifiedBlobs()
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
    ///
    /// - Parameter isKnown: whether the experts that it had are as they were.
    func invalidate(_ base: String, keepingExperts isKnown: Bool = false) {
        snapshots[base] = nil
        if !isKnown { known.removeAll() }
        generation += 1
    }

    /// Drops all snapshots.
    func invalidateAll() {
        snapshots = [:]
        known.removeAll()
        read = [:]
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
        let used = try await store.bases.populations().filter(\.hasExperts).map(\.base)
        guard let only = used.first, used.count == 1 else {
            throw .unknownBase("", known: (used.isEmpty ? bases : used).map(\.name))
        }
        return only
    }

    /// The current snapshot of a base.
    func snapshot(_ base: BaseRecord) async throws(SgloradError) -> BaseSnapshot {
        try await attempt(base) { (snapshot) throws(SgloradError) in snapshot }
    }

    /// Computes something from the current snapshot of a base, again where the library has changed or was damaged meanwhile.
    ///
    /// - Parameter body: given the snapshot; it may read experts by ``experts(_:of:)``.
    func attempt<Result: Sendable>(
        _ base: BaseRecord,
        _ body: @Sendable (BaseSnapshot) async throws(SgloradError) -> Result
    ) async throws(SgloradError) -> Result {
        var mayRepair = true
        var retries = 5
        while true {
            let before = generation
            var used: BaseSnapshot?
            do {
                let snapshot = try await current(base)
                used = snapshot
                return try await body(snapshot)
            } catch {
                guard error.code == .invalidFile || error.code == .storageFailure else { throw error }
                // If a change removed rows or blobs between reading the ones and mapping the others, start over.
                guard generation == before else { continue }
                invalidate(base.name)
                // The change may not have been announced yet: however many there are, each is a reason to start over.
                if let used, try await hasChanged(used) { continue }
                if error.code == .invalidFile, retries > 0 {
                    retries -= 1
                    continue
                }
                guard mayRepair, try await repairDamage() else { throw error }
                mayRepair = false
            }
        }
    }

    /// Whether a base's library is another by now than when the snapshot was made.
    private func hasChanged(_ snapshot: BaseSnapshot) async throws(SgloradError) -> Bool {
        // An empty library has an empty token.
        let token = try await store.embeddings.token(of: snapshot.base.name) ?? Data()
        return token != snapshot.library.embeddings.token
    }

    /// The cached snapshot, if its files are as they were, or a new one.
    private func current(_ base: BaseRecord) async throws(SgloradError) -> BaseSnapshot {
        if let known = snapshots[base.name] {
            let files = known.files
            if await looking.run({ files.areUnchanged }) { return known.snapshot }
            logger.warning(
                "a file of the library has changed; it is read again", metadata: ["base": "\(base.name)"])
            invalidate(base.name)
        }
        let before = generation
        let made = try await load(base)
        if generation == before { snapshots[base.name] = made }
        return made.snapshot
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
        let encoder = try await encoders.loaded().digest
        let (base, embeddings, digest, rows) = try await contents(of: base)
        for row in rows where read[row.id] == nil { read[row.id] = decoded(row) }
        let (store, read, verified) = (store, read, verified)
        let (snapshot, files) = try await pool.run {
            () throws(SgloradError) -> (BaseSnapshot, MappedBlobs) in
            let library = SnapshotLibrary(base, embeddings, digest: digest)
            let own = embeddings.places(of: Set(rows.flatMap { read[$0.id]?.keys.values.map { $0 } ?? [] }))
            let native = library.native
            let standings = rows.compactMap { row in
                read[row.id].map { known in
                    GeneratorStanding(
                        row, known.record,
                        has: { digest in
                            known.keys[digest].flatMap { own[$0] }.map { !embeddings.isForeign($0) } ?? false
                        }, count: native, encoder: encoder, layout: base.layout)
                }
            }
            let chosen = GeneratorSystem.allCases.compactMap { system in
                standings.first { $0.state != .disabled && $0.record.system == system }
            }
            let files = MappedBlobs(
                paths: chosen.map { store.blobs.path(of: $0.row.parameters) }
                    + (embeddings.path.map { [$0] } ?? []))
            var serving: [GeneratorSystem: BaseSnapshot.Serving] = [:]
            for standing in chosen {
                guard let keys = read[standing.row.id]?.keys,
                    let own = SnapshotLibrary(library, of: standing.record, keys, at: own)
                else { continue }
                let path = store.blobs.path(of: standing.row.parameters)
                try verified.verify(MappedBlobs(paths: [path]))
                let generator =
                    if let known = read[standing.row.id]?.generator { known } else {
                        try GeneratorFile.read(path, name: "generator \(standing.row.id)", verifying: false)
                    }
                serving[standing.record.system] = BaseSnapshot.Serving(
                    generator: generator, library: own, id: standing.row.id)
            }
            return (
                BaseSnapshot(base: base, library: library, generators: standings, serving: serving), files
            )
        }
        for serving in snapshot.serving.values { self.read[serving.id]?.generator = serving.generator }
        return (snapshot, files)
    }

    /// What the database says of a base; it may be renamed at any moment, and has nothing under its old name then.
    private func contents(
        of base: BaseRecord
    ) async throws(SgloradError) -> (BaseRecord, LibraryEmbeddings, digest: String, [StoredGenerator]) {
        while true {
            let base = try await present(base)
            let embeddings = try await embeddings(of: base)
            let digest = BaseSnapshot.digest(of: try await store.embeddings.digests(of: base.name))
            let rows = try await store.generators.all(of: base.name)
            if try await store.bases.find(base.name) != nil { return (base, embeddings, digest, rows) }
        }
    }

    /// A generator's record, decoded; nil where this version cannot read it, which must not keep the library from serving.
    private func decoded(_ row: StoredGenerator) -> ReadGenerator? {
        let condition = "generator/\(row.id)"
        do throws(SgloradError) {
            let record = try GeneratorStanding.record(of: row)
            board.clear(condition)
            return ReadGenerator(record: record)
        } catch {
            board.report(
                condition, error,
                remedy: "Remove it with 'sglorad-ctl generator remove \(row.id)' and train another.",
                audience: .everybody)
            return nil
        }
    }

    /// A base as it is now; it may have been renamed since the caller found it.
    ///
    /// - Throws: `unknownBase` if it was removed.
    func present(_ base: BaseRecord) async throws(SgloradError) -> BaseRecord {
        if let found = try await store.bases.find(base.name)?.base { return found }
        return try await self.base(named: base.name)
    }

    /// The embeddings of a base's experts; those that another text encoder made are computed again.
    private func embeddings(of base: BaseRecord) async throws(SgloradError) -> LibraryEmbeddings {
        let encoder = try await encoders.loaded()
        while true {
            if let found = try await store.embeddings.load(of: base.name, encoder: encoder.digest) {
                return found
            }
            for row in try await store.embeddings.outdated(of: base.name, encoder: encoder.digest, limit: 64)
            {
                let encoding = try await pool.run { () throws(SgloradError) in
                    try encoder.encoder.encode(row.description)
                }
                try await store.experts.update(
                    embedding: encoding.embedding, encoder: encoder.digest, truncated: encoding.truncated,
                    ofExpert: row.name, base: row.base)
            }
        }
    }

    // MARK: Experts that guide

    /// Experts of a snapshot's library with their parameters, by their index in it.
    ///
    /// Each is read and compared with its checksum and its digest when it guides for the first time.
    ///
    /// - Throws: `invalidFile` or `storageFailure` where one has changed or is damaged: see ``attempt(_:_:)``.
    func experts(
        _ wanted: Set<Int>, of library: SnapshotLibrary
    ) async throws(SgloradError) -> [Int: LoadedExpert] {
        let identities = wanted.map { ($0, library.embeddings.identity(library.place(of: $0))) }
        let before = generation
        var found: [Int: LoadedExpert] = [:]
        let cached = identities.compactMap { index, identity in
            known.find(identity, of: library.base).map { (index, identity, $0) }
        }
        let unchanged = await looking.run { cached.map { $0.2.files.areUnchanged } }
        for ((index, identity, entry), isUnchanged) in zip(cached, unchanged) {
            if isUnchanged { found[index] = entry.loaded } else { known.remove(identity, of: library.base) }
        }
        let missing = identities.filter { found[$0.0] == nil }
        guard !missing.isEmpty else { return found }
        let rows = try await store.experts.find(rows: missing.map(\.1.row))
        var read: [(index: Int, record: ExpertRecord)] = []
        for (index, identity) in missing {
            guard let row = rows[identity.row], row.base == library.base.name,
                LibraryEmbeddings.key(of: row.digest) == identity.key,
                library.embeddings.holds(row, at: library.place(of: index))
            else {
                // Where no change of the library explains it, the matrix is not that of the rows.
                if generation == before { await store.embeddings.discard(library.base.name) }
                throw .invalidFile(library.base.name, "its library has changed meanwhile. Try again")
            }
            read.append((index, row))
        }
        let (store, verified, layout) = (store, verified, library.base.layout)
        let loaded = try await pool.run { [read] () throws(SgloradError) in
            var loaded: [(Int, ExpertCache.Entry)] = []
            for (index, record) in read {
                let files = MappedBlobs(paths: [store.blobs.path(of: record.parameters)])
                try verified.verify(files)
                let parameters = try store.experts.parameters(of: record, on: layout)
                // Reading has checked every number; a request reads the mean alone.
                parameters.releasePages()
                let expert = LibraryExpert(record, parameters)
                loaded.append(
                    (
                        index,
                        ExpertCache.Entry(loaded: LoadedExpert(record: record, expert: expert), files: files)
                    ))
            }
            return loaded
        }
        for (index, entry) in loaded {
            found[index] = entry.loaded
            let identity = library.embeddings.identity(library.place(of: index))
            if generation == before { known.insert(entry, identity, of: library.base) }
        }
        return found
    }

    /// The mean of all experts of a library; reads each of them.
    func mean(of library: SnapshotLibrary) async throws(SgloradError) -> [Float] {
        var mean = LibraryMean(layout: library.base.layout, native: library.native)
        for first in stride(from: 0, to: library.count, by: 32) {
            let some = first..<min(first + 32, library.count)
            let loaded = try await experts(Set(some), of: library)
            mean = try await pool.run { [mean] () throws(SgloradError) in
                var mean = mean
                for index in some { if let found = loaded[index] { mean.add(found.expert) } }
                return mean
            }
        }
        return try await pool.run { [mean] () throws(SgloradError) in try mean.parameters() }
    }
}

/// A generator's record, and the generator itself once it has served.
private struct ReadGenerator: Sendable {
    let record: GeneratorRecord
    /// The keys of its experts, by their digests.
    let keys: [String: UInt64]
    var generator: TrainedGenerator?

    init(record: GeneratorRecord) {
        self.record = record
        keys = Dictionary(
            record.experts.map { ($0.digest, LibraryEmbeddings.key(of: $0.digest)) },
            uniquingKeysWith: { first, _ in first })
    }
}

extension LibraryExpert {
    /// An expert from its row and its parameters.
    init(_ record: ExpertRecord, _ parameters: ExpertParameters) {
        self.init(
            name: record.name, digest: record.digest, embedding: record.embeddingValues,
            mean: parameters.mean,
            variance: parameters.variance, checkpoints: parameters.checkpoints, isForeign: record.isForeign)
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

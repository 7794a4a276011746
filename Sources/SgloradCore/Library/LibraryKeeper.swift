internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import Generation
internal import Logging
internal import TextEncoding

/// Keeps each base's library mapped and ready, and makes it anew after a change.
actor LibraryKeeper {
    private let cache: ExpertCache
    private let encoders: EncoderProvider
    private let pool: ComputePool
    private let board: HealthBoard
    private let logger: Logger
    private var snapshots: [String: BaseSnapshot] = [:]
    /// Counts changes, so that a snapshot that was being made while one came is not kept.
    private var generation = 0

    init(
        cache: ExpertCache, encoders: EncoderProvider, pool: ComputePool, board: HealthBoard, logger: Logger
    ) {
        self.cache = cache
        self.encoders = encoders
        self.pool = pool
        self.board = board
        self.logger = logger
    }

    /// Forgets the snapshots of a base: its experts or generators have changed.
    func invalidate(_ base: String) {
        snapshots[base] = nil
        generation += 1
    }

    /// Forgets all snapshots.
    func invalidateAll() {
        snapshots = [:]
        generation += 1
    }

    /// The base of a name, or the only one there is.
    ///
    /// - Throws: `unknownBase`.
    func base(named name: String?) async throws(SgloradError) -> BaseRecord {
        let bases = try await cache.bases()
        if let name {
            if let found = bases.first(where: { $0.name == name }) { return found }
            throw .unknownBase(name, known: bases.map(\.name))
        }
        guard let only = bases.first, bases.count == 1 else {
            throw .unknownBase("", known: bases.map(\.name))
        }
        return only
    }

    /// The present snapshot of a base.
    func snapshot(_ base: BaseRecord) async throws(SgloradError) -> BaseSnapshot {
        if let known = snapshots[base.name] { return known }
        var mayMend = true
        while true {
            let before = generation
            do {
                let made = try await load(base)
                if generation == before { snapshots[base.name] = made }
                return made
            } catch {
                // Where a change took blobs away between the rows and the files, the rows are others now.
                guard generation == before else { continue }
                guard mayMend, error.code == .invalidFile || error.code == .storageFailure,
                    try await mend()
                else { throw error }
                mayMend = false
            }
        }
    }

    /// Reads every file after one could not be used, and moves aside what is damaged, so that the rest goes on serving.
    ///
    /// - Returns: whether anything was moved or made again.
    private func mend() async throws(SgloradError) -> Bool {
        let inventory = try await cache.inventory()
        let problems = try await pool.verify(inventory, in: cache.state, minimumAge: .infinity).problems
        var hasMended = false
        for problem in problems where try await cache.repair(problem) {
            hasMended = true
            problem.log(repaired: true, to: logger)
        }
        if hasMended { invalidateAll() }
        return hasMended
    }

    private func load(_ base: BaseRecord) async throws(SgloradError) -> BaseSnapshot {
        let encoder = try await encoders.loaded()
        // Base and experts of one moment: an import can raise the rank of both.
        let (base, experts) = try await cache.library(base.name) ?? (base, [])
        let rows = try await embedded(experts, with: encoder)
        let digests = Set(rows.filter { !$0.isForeign }.map(\.digest))
        var standings: [GeneratorStanding] = []
        for row in try await cache.generators(base: base.name) {
            let condition = "generator/\(row.id)"
            do throws(SgloradError) {
                standings.append(
                    try GeneratorStanding(
                        row, experts: digests, encoder: encoder.digest, layout: base.layout))
                board.clear(condition)
            } catch {
                // One generator that this version cannot read must not keep the library from serving.
                board.report(
                    condition, error,
                    remedy: "Remove it with 'sglorad-ctl generator remove \(row.id)', and train another.")
            }
        }
        let (cache, generators) = (cache, standings)
        return try await pool.run { () throws(SgloradError) -> BaseSnapshot in
            var experts: [LibraryExpert] = []
            for row in rows {
                let parameters = try cache.parameters(of: row, on: base.layout)
                experts.append(
                    LibraryExpert(
                        name: row.name, digest: row.digest, embedding: row.embeddingValues,
                        mean: parameters.mean,
                        variance: parameters.variance, checkpoints: parameters.checkpoints,
                        isForeign: row.isForeign))
            }
            let library = Library(layout: base.layout, experts: experts)
            let byName = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0) })
            return BaseSnapshot(
                base: base, experts: library.experts.compactMap { byName[$0.name] }, library: library,
                digest: BaseSnapshot.digest(of: rows.map(\.digest)), generators: generators,
                serving: try Self.serving(generators, library, cache))
        }
    }

    private static func serving(
        _ generators: [GeneratorStanding], _ library: Library, _ cache: ExpertCache
    ) throws(SgloradError) -> BaseSnapshot.Serving? {
        guard let standing = generators.first(where: { $0.state != .disabled }) else { return nil }
        let digests = standing.record.experts.map(\.digest)
        guard let own = library.subset(digests: digests) else { return nil }
        let generator = try GeneratorFile.read(
            cache.blobs.path(of: standing.row.parameters), name: "generator \(standing.row.id)",
            verifying: false)
        return BaseSnapshot.Serving(
            generator: generator, library: own, digest: BaseSnapshot.digest(of: digests), id: standing.row.id)
    }

    /// Embeds anew what another text encoder had embedded.
    private func embedded(
        _ rows: [ExpertRecord], with encoder: LoadedEncoder
    ) async throws(SgloradError) -> [ExpertRecord] {
        var result = rows
        for index in result.indices where result[index].encoder != encoder.digest {
            let description = result[index].description
            let encoding = try await pool.run { () throws(SgloradError) in
                try encoder.encoder.encode(description)
            }
            try await cache.update(
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
    /// No base of a name, or none named where there is not exactly one.
    static func unknownBase(_ name: String, known: [String]) -> SgloradError {
        let message: String
        switch (name.isEmpty, known.isEmpty) {
        case (_, true):
            message =
                "There is no base model yet. Import an expert with 'sglorad-ctl expert import DIR', which adds "
                + "its base, or add one with 'sglorad-ctl base add NAME DIR'."
        case (true, false):
            message =
                "There are several base models; name one of them with --base: \(known.joined(separator: ", "))."
        case (false, false):
            message = "There is no base model '\(name)'. Known are: \(known.joined(separator: ", "))."
        }
        return SgloradError(
            .unknownBase, message, parameters: ["base": .string(name), "known": .strings(known)])
    }
}

public import ErrorModel
internal import Executors
internal import Files
internal import GRDB

/// Keeps files and rows consistent: verification, repair, and recovery on start.
///
/// - Damaged files are moved to quarantine, never deleted; files that no row references are removed.
/// - A repair checks again that the problem still exists, and otherwise does nothing.
/// - Recovery runs before anything else uses the library.
public struct LibraryIntegrity: Sendable {
    let resources: LibraryResources
    /// The store that the rest of the library uses: it knows which adapters are in use.
    let adapters: AdapterStore

    // MARK: Verification

    /// Everything that the rows reference, from one transaction.
    ///
    /// - Throws: `storageFailure`.
    public func inventory() async throws(SgloradError) -> LibraryInventory {
        try await resources.database.read { db in
            let adapters = try AdapterRow.examined(db)
            var inventory = try Self.library(db)
            inventory.adapters = adapters.sound
            inventory.damagedRows += adapters.damaged
            return inventory
        }
    }

    /// What SQLite's integrity check of the database finds.
    ///
    /// - Throws: `storageFailure`.
    public func databaseProblems() async throws(SgloradError) -> [LibraryProblem] {
        try await resources.database.problems().map {
            LibraryProblem(database: resources.state.cacheDatabase, finding: $0)
        }
    }

    /// Repairs a problem as ``LibraryProblem/repair`` says.
    ///
    /// Damaged files go to quarantine before their row is removed; unreadable ones are left to an operator. A
    /// verification may be out of date, so nothing is done if the row has another blob by now or the file is sound.
    ///
    /// - Returns: whether something was done.
    /// - Throws: `storageFailure`.
    public func repair(_ problem: LibraryProblem) async throws(SgloradError) -> Bool {
        let repair = ProblemRepair(problem: problem, resources: resources, adapters: adapters)
        guard case .adapter(let id) = problem.subject else { return try await repair.run() }
        return try await adapters.examined.repair(id) { () async throws(SgloradError) in
            try await repair.run()
        }
    }

    // MARK: Examination beside the service

    /// Whether everything was brought together in this run: at the start, or beside the service.
    public var isExamined: Bool { adapters.examined.isComplete }

    /// Notes that the start examines nothing: until ``endExamination()`` each adapter is looked at when it is used.
    public func owesExamination() { adapters.examined.set(false) }

    /// Notes that everything was examined.
    public func endExamination() { adapters.examined.set(true) }

    /// Whether the next start may trust the databases: none was found damaged in this run.
    public var isTrusted: Bool { !adapters.examined.hasFoundDamage }

    /// Notes that a database was found damaged: the next start examines both before it serves.
    public func noteDamage() { adapters.examined.noteDamage() }

    /// Whether there is exactly what the rows reference, each with its manifest, by the names alone: a failed removal leaves
    /// more, and a file that was removed by hand is missing.
    ///
    /// - Throws: `storageFailure`.
    public func hasEveryName() async throws(SgloradError) -> Bool {
        let (blobs, adapters) = try await resources.database.read { db in
            let blobs = try String.fetchSet(
                db,
                sql: """
                    SELECT parameters FROM expert UNION SELECT parameters FROM generator
                    UNION SELECT reference FROM base WHERE reference IS NOT NULL
                    """)
            return (blobs, try String.fetchSet(db, sql: "SELECT id FROM adapter"))
        }
        return await resources.files.run { [state = resources.state] in
            [(state.blobs, blobs), (state.adapters, adapters)].allSatisfy { top, known in
                let names = Folder.entries(of: top).flatMap { Folder.entries(of: "\(top)/\($0)") }
                return Set(names) == known.union(known.map { $0 + ".json" })
            }
        }
    }

    /// What the rows reference but the adapters', from one transaction.
    ///
    /// - Throws: `storageFailure`.
    public func libraryInventory() async throws(SgloradError) -> LibraryInventory {
        try await resources.database.read { db in try Self.library(db) }
    }

    private static func library(_ db: Database) throws -> LibraryInventory {
        LibraryInventory(
            bases: try BaseRow.all(db), experts: try ExpertRow.all(db),
            generators: try GeneratorRow.all(db), adapters: [],
            damagedRows: try BaseRow.damaged(db) + ExpertRow.damaged(db) + GeneratorRow.damaged(db))
    }

    /// Some of the adapters.
    ///
    /// - Parameters:
    ///   - last: the number of the last row that was seen; 0 at first.
    ///   - limit: how many rows are read.
    /// - Returns: the adapters, and the number of the last row; nil after the last.
    /// - Throws: `storageFailure`.
    public func adapterInventory(
        after last: Int64, limit: Int
    ) async throws(SgloradError) -> (inventory: LibraryInventory, last: Int64)? {
        try await resources.database.read { db in
            guard let (sound, damaged, last) = try AdapterRow.examined(db, after: last, limit: limit) else {
                return nil
            }
            let inventory = LibraryInventory(
                bases: [], experts: [], generators: [], adapters: sound, damagedRows: damaged)
            return (inventory, last)
        }
    }

    // MARK: Recovery

    /// Whether the database has no rows: it is new, or its rows were lost.
    ///
    /// Experts and generators belong to a base, so they need not be checked.
    ///
    /// - Throws: `storageFailure`.
    public func isEmpty() async throws(SgloradError) -> Bool {
        try await resources.database.read { db in
            try BaseRow.all().isEmpty(db) && AdapterRow.all().isEmpty(db)
        }
    }

    /// Rebuilds an empty database's rows from the manifests beside the files.
    ///
    /// Only files that match the digest in their name or manifest count. Of several versions of an expert the latest of the
    /// highest rank counts; the other blobs become orphans. A base model without an expert has no file and must be added
    /// again.
    ///
    /// - Parameter isWanted: as for ``reconcile(isWanted:)``.
    /// - Throws: `storageFailure`.
    public func rebuild(
        isWanted: @Sendable (AdapterRecord) async throws(SgloradError) -> Bool
    ) async throws(SgloradError) -> LibraryRebuild {
        let found = await resources.files.run { [resources] in
            ManifestCollection(resources.state, resources.blobs)
        }
        let bases = found.bases
        let layouts = Dictionary(uniqueKeysWithValues: bases.map { ($0.name, $0.layout) })
        let experts = found.latestExperts.filter { $0.layout == layouts[$0.expert.base] }.map(\.expert)
        let generators = found.generators.filter { layouts[$0.base] != nil }
        var result = LibraryRebuild(
            bases: bases.count, experts: experts.count, generators: generators.count)
        try await resources.database.write { db in
            for base in bases { try BaseRow.insertIfAbsent(base, db) }
            for expert in experts { try ExpertStore.insert(expert, db) }
            for generator in generators { try GeneratorRow.insert(generator, db) }
        }
        // Adapters are adopted like those whose row was never written.
        result.adapters = try await reconcile(isWanted: isWanted).adopted.count
        return result
    }

    /// Gives experts and generators that have sound files and manifests, and no row, their rows again, after the database was
    /// repaired and may have lost rows.
    ///
    /// - Returns: what was adopted, in words.
    /// - Throws: `storageFailure`.
    public func adoptLost() async throws(SgloradError) -> [String] {
        let adopted = try await LostRows(resources: resources).adopt()
        // The repair may have given rows other numbers.
        try await resources.database.write { db in
            try LibraryState.recompute(db)
            try AdapterUsage.recompute(db)
        }
        return adopted
    }

    /// Makes files and rows consistent: adopts complete adapters without a row, removes other orphans, and repairs what is
    /// missing or of the wrong size.
    ///
    /// - Parameter isWanted: whether an adapter without a row may have one: false for one that was erased, or whose request
    ///   ended otherwise.
    /// - Throws: `storageFailure` where a database or the disk fails.
    public func reconcile(
        isWanted: @Sendable (AdapterRecord) async throws(SgloradError) -> Bool
    ) async throws(SgloradError) -> LibraryReconciliation {
        var result = LibraryReconciliation()
        try await resources.database.write { db in try OrphanedRows.remove(db) }
        for row in try await self.inventory().damagedRows {
            let problem = LibraryProblem(row: row, of: resources.state.cacheDatabase)
            if try await repair(problem) { result.repaired.append(problem) }
        }
        try await UncheckedRows(resources: resources).check()
        for adapter in try await adapters.orphans() {
            guard try await isWanted(adapter), try await adapters.find(request: adapter.request) == nil
            else { continue }
            try await adapters.adopt(adapter)
            result.adopted.append(adapter)
        }
        let inventory = try await inventory()
        let found = await resources.files.run { [state = resources.state] in
            inventory.verify(state, depth: .manifests, minimumAge: -.infinity)
        }
        for problem in found.problems {
            guard try await repair(problem) else {
                result.remaining.append(problem)
                continue
            }
            if problem.subject == .unreferenced {
                result.removed.append(problem.path)
            } else {
                result.repaired.append(problem)
            }
        }
        return result
    }
}

/// What was rebuilt from the manifests after the database was lost.
public struct LibraryRebuild: Sendable, Hashable {
    /// How many base models.
    public var bases = 0
    /// How many experts.
    public var experts = 0
    /// How many generators.
    public var generators = 0
    /// How many adapters.
    public var adapters = 0

    /// Whether there was nothing to rebuild.
    public var isEmpty: Bool { self == LibraryRebuild() }
}

/// What an interrupted run had left inconsistent.
public struct LibraryReconciliation: Sendable {
    /// Nothing was done.
    public init() {}

    /// Adapters that were complete on the disk and had no row; they have one now.
    public var adopted: [AdapterRecord] = []
    /// Orphaned files and folders, which were removed.
    public var removed: [String] = []
    /// What was missing or of the wrong size, and was moved to quarantine or rebuilt.
    public var repaired: [LibraryProblem] = []
    /// What could not be repaired and needs an operator.
    public var remaining: [LibraryProblem] = []
}

internal import ErrorModel
internal import Executors
internal import Files
internal import GRDB
internal import Storage

/// The repair of one problem.
struct ProblemRepair: Sendable {
    let problem: LibraryProblem
    let resources: LibraryResources
    let adapters: AdapterStore

    private var bases: BaseStore { BaseStore(resources: resources) }
    private var generators: GeneratorStore { GeneratorStore(resources: resources) }

    /// Does what the problem's `repair` says, if it is still a problem.
    ///
    /// - Returns: whether something was done.
    func run() async throws(SgloradError) -> Bool {
        guard problem.repair != nil else { return false }
        switch problem.subject {
        case .unreferenced:
            await resources.files.run { [path = problem.path] in Folder.remove(path) }
            return true
        case .adapter(let id): return try await repairAdapter(id)
        case .reference(let base): return try await repairReference(of: base)
        case .generator(let id): return try await repairGenerator(id)
        case .expert(let base, let name): return try await repairExpert(name, of: base)
        case .row(let row):
            return try await RowRepair(row: row, resources: resources, adapters: adapters).run()
        case .database: return try await repairDatabase()
        }
    }

    /// Rebuilds the indexes of the library's database, and removes rows of lists whose owner is gone.
    private func repairDatabase() async throws(SgloradError) -> Bool {
        guard problem.path == resources.state.cacheDatabase else { return false }
        guard try await resources.database.rebuildIndexes() else { return false }
        try await resources.database.write { db in try OrphanedRows.remove(db) }
        return try await resources.database.problems().isEmpty
    }

    private func repairAdapter(_ id: String) async throws(SgloradError) -> Bool {
        guard let adapter = try await adapters.recorded(id) else { return false }
        guard problem.fault != .manifest else {
            try await adapters.rewriteManifest(of: adapter)
            return true
        }
        // The manifest is not quarantined: neither the user nor the label may outlive the adapter.
        let folder = adapters.folder(of: adapter)
        try await resources.files.run { () throws(SgloradError) in try quarantine([folder]) }
        try await adapters.remove([adapter])
        return true
    }

    private func repairGenerator(_ id: String) async throws(SgloradError) -> Bool {
        guard let generator = try await generators.find(id), concerns(generator.parameters)
        else { return false }
        guard problem.fault != .manifest else {
            try await resources.writeManifest(
                GeneratorManifest(generator: generator), of: generator.parameters)
            return true
        }
        guard try await quarantine(blob: generator.parameters, bytes: generator.bytes) else { return false }
        try await generators.remove(id)
        return true
    }

    private func repairExpert(_ name: String, of base: String) async throws(SgloradError) -> Bool {
        guard let (base, experts) = try await bases.library(base),
            let expert = experts.first(where: { $0.name == name }), concerns(expert.parameters)
        else { return false }
        guard problem.fault != .manifest else {
            try await resources.writeManifest(of: expert, base)
            return true
        }
        guard try await quarantine(blob: expert.parameters, bytes: expert.bytes) else { return false }
        // Unless an import has given it another blob in the meantime.
        try await resources.database.write { db in
            _ = try ExpertRow.named(expert.name, of: expert.base)
                .filter(ExpertRow.Columns.parameters == expert.parameters).deleteAll(db)
        }
        return true
    }

    /// Rebuilds a library's gauge reference, even if only its manifest is wrong: the same content gives the same blob.
    private func repairReference(of name: String) async throws(SgloradError) -> Bool {
        guard let (base, experts) = try await bases.library(name), let blob = base.reference, concerns(blob)
        else { return false }
        switch problem.fault {
        case .manifest: break
        case .damaged:
            guard try await quarantine(blob: blob, bytes: nil) else { return false }
        default:
            let isStillSo = await resources.files.run { isFaulty(blob: blob, bytes: nil) }
            guard isStillSo else { return false }
        }
        try await ReferenceStore(resources: resources).rebuild(of: base, experts: experts)
        return true
    }

    /// Whether the problem concerns this blob, and not one that the subject had before.
    private func concerns(_ blob: String) -> Bool { problem.isOfBlob(blob, in: resources.blobs) }

    /// Moves a blob and its manifest to quarantine unless the blob is sound by now or cannot be read.
    ///
    /// - Returns: whether it was moved.
    private func quarantine(blob: String, bytes: Int?) async throws(SgloradError) -> Bool {
        try await resources.files.run { () throws(SgloradError) -> Bool in
            guard isFaulty(blob: blob, bytes: bytes) else { return false }
            try quarantine([resources.blobs.path(of: blob), resources.blobs.manifestPath(of: blob)])
            return true
        }
    }

    /// Moves files or folders to quarantine; blocks.
    private func quarantine(_ paths: [String]) throws(SgloradError) {
        try Quarantine(resources.state).move(
            paths, as: problem.name.filter { $0.isLetter || $0.isNumber || $0 == "-" },
            reason: "\(problem.name): \(problem.path) \(problem.finding). \(problem.remedy)")
    }

    /// Whether a blob is missing or damaged at this moment; blocks.
    private func isFaulty(blob: String, bytes: Int?) -> Bool {
        var read = 0
        let check = FileCheck(path: resources.blobs.path(of: blob), bytes: bytes, digest: blob)
        guard let found = check.problem(problem.subject, .content, read: &read) else { return false }
        return found.fault != .unreadable
    }
}

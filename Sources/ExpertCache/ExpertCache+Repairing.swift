internal import DurableStorage
public import ErrorModel
internal import GRDB
internal import LowRank

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension ExpertCache {
    /// Does what a problem's `repair` says.
    ///
    /// What is damaged is moved to `damaged/` before its row goes; what is only unreadable is left to a person.
    ///
    /// - Returns: whether something was done.
    public func repair(_ problem: CacheProblem) async throws(SgloradError) -> Bool {
        guard problem.repair != nil else { return false }
        switch (problem.subject, problem.fault) {
        case (.unreferenced, _):
            try await disk.run { () throws(SgloradError) in DurableFile.removeTree(problem.path) }
        case (.adapter(let id), .manifest):
            guard let adapter = try await adapter(id) else { return false }
            try await disk.run { [self] () throws(SgloradError) in try writeManifest(of: adapter) }
        case (.adapter(let id), _):
            guard let adapter = try await adapter(id) else { return false }
            let folder = folder(of: adapter)
            try await moveAside([folder, folder + ".json"], problem)
            try await remove([adapter])
        case (.reference(let base), let fault):
            try await rebuildReference(of: base, movingAside: fault == .damaged ? problem : nil)
        case (.generator(let id), let fault):
            guard let row = try await generators().first(where: { $0.id == id }) else { return false }
            if fault == .manifest {
                try await writeManifest(GeneratorManifest(generator: row), of: row.parameters)
            } else {
                try await moveAside(blob: row.parameters, problem)
                try await removeGenerator(id)
            }
        case (.expert(let base, let name), let fault):
            guard let library = try await library(base),
                let row = library.experts.first(where: { $0.name == name })
            else { return false }
            if fault == .manifest {
                let manifest = ExpertManifest(
                    expert: row, layout: library.base.layout, template: library.base.template)
                try await writeManifest(manifest, of: row.parameters)
            } else {
                try await moveAside(blob: row.parameters, problem)
                _ = try await removeExpert(name, base: base)
            }
        case (.database, _):
            return false
        }
        return true
    }

    private func moveAside(_ paths: [String], _ problem: CacheProblem) async throws(SgloradError) {
        let damaged = DamagedStore(state)
        _ = try await disk.run { () throws(SgloradError) in
            try damaged.moveAside(
                paths, as: problem.name.filter { $0.isLetter || $0.isNumber || $0 == "-" },
                reason: "\(problem.name): \(problem.path) \(problem.finding). \(problem.remedy)")
        }
    }

    private func moveAside(blob: String, _ problem: CacheProblem) async throws(SgloradError) {
        try await moveAside([blobs.path(of: blob), blobs.manifestPath(of: blob)], problem)
    }

    private func writeManifest(
        _ manifest: some Encodable & Sendable, of blob: String
    ) async throws(SgloradError) {
        try await disk.run { [self] () throws(SgloradError) in
            try DurableFile.write(
                Manifest.encode(manifest), to: blobs.manifestPath(of: blob), temporary: state.temporary)
        }
    }

    /// Makes a library's gauge reference again from its first expert, whose factors it was made of.
    ///
    /// The experts stay as they are: each was brought to the same gauge when it came in.
    private func rebuildReference(
        of name: String, movingAside problem: CacheProblem?
    ) async throws(SgloradError) {
        guard let library = try await library(name), let old = library.base.reference else { return }
        if let problem { try await moveAside(blob: old, problem) }
        let first = library.experts.filter { !$0.isForeign }
            .min { ($0.importedAt, $0.name) < ($1.importedAt, $1.name) }
        var digest: String?
        if let first {
            digest = try await disk.run { [self] () throws(SgloradError) -> String in
                let layout = library.base.layout
                let parameters = try parameters(of: first, on: layout)
                return try store(
                    GaugeReference(layout: layout, parameters: parameters.mean), ofBase: name)
            }
        }
        let reference = digest
        try await write { db in
            try db.execute(
                sql: "UPDATE base SET reference = ? WHERE name = ?", arguments: [reference, name])
        }
    }
}

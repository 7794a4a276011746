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
    /// What is damaged is moved to `damaged/` before its row goes; what is only unreadable is left to a person. A long
    /// verification speaks of what was: nothing is done where the row has another blob by now, or the file is sound.
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
            // Not its manifest: whose it was and the caller's word for it must not outlive the adapter.
            try await moveAside(folder(of: adapter), problem)
            try await remove([adapter])
        case (.reference(let base), _):
            return try await rebuildReference(of: base, problem)
        case (.generator(let id), let fault):
            guard let row = try await generators().first(where: { $0.id == id }),
                problem.isOfBlob(row.parameters, in: blobs)
            else { return false }
            if fault == .manifest {
                try await writeManifest(GeneratorManifest(generator: row), of: row.parameters)
            } else {
                guard try await moveAside(blob: row.parameters, bytes: row.bytes, problem)
                else { return false }
                try await removeGenerator(id)
            }
        case (.expert(let base, let name), let fault):
            guard let library = try await library(base),
                let row = library.experts.first(where: { $0.name == name }),
                problem.isOfBlob(row.parameters, in: blobs)
            else { return false }
            if fault == .manifest {
                let manifest = ExpertManifest(
                    expert: row, layout: library.base.layout, template: library.base.template)
                try await writeManifest(manifest, of: row.parameters)
            } else {
                guard try await moveAside(blob: row.parameters, bytes: row.bytes, problem)
                else { return false }
                try await removeRow(of: row)
            }
        case (.database, _):
            return false
        }
        return true
    }

    private func moveAside(_ folder: String, _ problem: CacheProblem) async throws(SgloradError) {
        let damaged = DamagedStore(state)
        try await disk.run { () throws(SgloradError) in try damaged.moveAside([folder], problem) }
    }

    /// Moves a blob and its manifest aside, if the blob is still not as its row says.
    ///
    /// - Returns: false where it is sound now, or does not let itself be read; it stays then.
    private func moveAside(
        blob: String, bytes: Int?, _ problem: CacheProblem
    ) async throws(SgloradError) -> Bool {
        let damaged = DamagedStore(state)
        return try await disk.run { [self] () throws(SgloradError) -> Bool in
            guard isFaulty(blob: blob, bytes: bytes, of: problem.subject) else { return false }
            try damaged.moveAside([blobs.path(of: blob), blobs.manifestPath(of: blob)], problem)
            return true
        }
    }

    /// Whether a blob is missing or damaged at this moment; blocks.
    private func isFaulty(blob: String, bytes: Int?, of subject: CacheProblem.Subject) -> Bool {
        var read = 0
        let check = FileCheck(path: blobs.path(of: blob), bytes: bytes, digest: blob)
        guard let found = check.problem(subject, .content, read: &read) else { return false }
        return found.fault != .unreadable
    }

    /// Removes an expert's row, unless an import has given it another blob in the meantime.
    private func removeRow(of expert: ExpertRecord) async throws(SgloradError) {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM expert WHERE base = ? AND name = ? AND parameters = ?",
                arguments: [expert.base, expert.name, expert.parameters])
        }
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
    ///
    /// - Returns: false where the base has another reference by now, or this one is sound.
    private func rebuildReference(
        of name: String, _ problem: CacheProblem
    ) async throws(SgloradError) -> Bool {
        guard let library = try await library(name), let old = library.base.reference,
            problem.isOfBlob(old, in: blobs)
        else { return false }
        switch problem.fault {
        case .manifest: break
        case .damaged:
            guard try await moveAside(blob: old, bytes: nil, problem) else { return false }
        default:
            let isStillSo = try await disk.run { [self] () throws(SgloradError) -> Bool in
                isFaulty(blob: old, bytes: nil, of: problem.subject)
            }
            guard isStillSo else { return false }
        }
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
                sql: "UPDATE base SET reference = ? WHERE name = ? AND reference = ?",
                arguments: [reference, name, old])
        }
        return true
    }
}

extension DamagedStore {
    /// Moves aside what a problem is about.
    fileprivate func moveAside(_ paths: [String], _ problem: CacheProblem) throws(SgloradError) {
        try moveAside(
            paths, as: problem.name.filter { $0.isLetter || $0.isNumber || $0 == "-" },
            reason: "\(problem.name): \(problem.path) \(problem.finding). \(problem.remedy)")
    }
}

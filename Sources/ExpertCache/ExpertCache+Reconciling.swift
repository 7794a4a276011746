internal import DurableStorage
public import ErrorModel
internal import Foundation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What a start found that a run before it had left half done.
public struct CacheReconciliation: Sendable {
    /// Adapters that were whole on the disk and had no row yet; they have one now.
    public var adopted: [AdapterRecord] = []
    /// Files and folders that belonged to nothing, and were removed.
    public var removed: [String] = []
    /// What is missing or of another size, and was moved aside or made again.
    public var repaired: [CacheProblem] = []
    /// What could be neither: a person has to look.
    public var remaining: [CacheProblem] = []
}

extension ExpertCache {
    /// Brings files and rows together again before anybody works with them.
    ///
    /// - Parameter isWanted: whether an adapter that lies whole on the disk without a row may have one: false for what was
    ///   forgotten, or whose request came to another end.
    /// - Throws: `storageFailure` where a database or the disk refuses.
    public func reconcile(
        isWanted: @Sendable (AdapterRecord) async throws(SgloradError) -> Bool
    ) async throws(SgloradError) -> CacheReconciliation {
        var result = CacheReconciliation()
        for adapter in try await orphans() {
            guard try await isWanted(adapter), try await self.adapter(request: adapter.request) == nil
            else { continue }
            try await write { db in try adapter.insert(db) }
            result.adopted.append(adapter)
        }
        let inventory = try await inventory()
        let found = try await disk.run { [self] () throws(SgloradError) in
            inventory.verify(state, depth: .presence, minimumAge: -.infinity)
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

    /// Adapters whose folder and manifest are whole, and which have no row.
    private func orphans() async throws(SgloradError) -> [AdapterRecord] {
        let known = Set(try await adapters(uid: nil).map(\.id))
        return try await disk.run { [self] () throws(SgloradError) in
            DurableFile.entries(of: state.adapters).flatMap { owner in
                let folder = "\(state.adapters)/\(owner)"
                return DurableFile.entries(of: folder).filter { $0.hasSuffix(".json") }
                    .filter { !known.contains(String($0.dropLast(5))) }
                    .compactMap { AdapterManifest.whole("\(folder)/\($0)", owner: owner) }
            }
        }
    }
}

/// The manifest beside an adapter's folder.
enum AdapterManifest {
    /// The adapter of a manifest whose folder is whole; nil for anything else.
    ///
    /// - Parameters:
    ///   - path: the manifest.
    ///   - owner: the name of the folder it lies in, which must be the adapter's owner.
    static func whole(_ path: String, owner: String) -> AdapterRecord? {
        guard let record = Manifest.read(AdapterRecord.self, path), "\(record.uid)" == owner,
            DurableFile.name(of: path) == record.id + ".json"
        else { return nil }
        let folder = String(path.dropLast(5))
        let names = record.files.map(\.name)
        guard DurableFile.entries(of: folder) == names.sorted() else { return nil }
        let isWhole = record.files.allSatisfy { file in
            (try? FileDigest.sha256(file: "\(folder)/\(file.name)")) == file.digest
        }
        return isWhole ? record : nil
    }
}

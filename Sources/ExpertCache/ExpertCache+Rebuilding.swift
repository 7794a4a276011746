internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB
internal import LowRank

/// What was made again from the manifests after the database was lost.
public struct CacheRebuild: Sendable, Hashable {
    /// How many base models.
    public var bases = 0
    /// How many experts.
    public var experts = 0
    /// How many generators.
    public var generators = 0
    /// How many adapters.
    public var adapters = 0

    /// Whether there was nothing to make again.
    public var isEmpty: Bool { self == CacheRebuild() }
}

extension ExpertCache {
    /// Makes an empty database's rows again from the manifests beside the files.
    ///
    /// Only files whose content is what their name or manifest says count. Of several versions of an expert the latest of
    /// the highest rank counts; the blobs of the others belong to nothing then. A base model without an expert has no file, and
    /// has to be added again.
    ///
    /// - Parameter isWanted: as for ``reconcile(isWanted:)``.
    public func rebuild(
        isWanted: @Sendable (AdapterRecord) async throws(SgloradError) -> Bool
    ) async throws(SgloradError) -> CacheRebuild {
        let found = try await disk.run { [self] () throws(SgloradError) in ManifestCollection(state, blobs) }
        let bases = found.bases
        let layouts = Dictionary(uniqueKeysWithValues: bases.map { ($0.name, $0.layout) })
        let experts = found.latestExperts.filter { $0.layout == layouts[$0.expert.base] }.map(\.expert)
        let generators = found.generators.filter { layouts[$0.base] != nil }
        var result = CacheRebuild(bases: bases.count, experts: experts.count, generators: generators.count)
        try await write { db in
            for base in bases { try base.insertIfAbsent(db) }
            for expert in experts { try Self.insert(expert, db) }
            for generator in generators { try Self.insert(generator, db) }
        }
        // Adapters come back as those do whose row was never written.
        result.adapters = try await reconcile(isWanted: isWanted).adopted.count
        return result
    }
}

/// The manifests among a state directory's blobs whose blob is what they say.
struct ManifestCollection: Sendable {
    private(set) var experts: [ExpertManifest] = []
    private(set) var references: [ReferenceManifest] = []
    private(set) var generators: [GeneratorRow] = []

    private struct Kind: Decodable { let kind: String }

    /// Reads and verifies all; blocks.
    init(_ state: StateDirectory, _ store: BlobStore) {
        for folder in DurableFile.entries(of: state.blobs) {
            for name in DurableFile.entries(of: "\(state.blobs)/\(folder)") where name.hasSuffix(".json") {
                let digest = String(name.dropLast(5))
                guard (try? FileDigest.sha256(file: store.path(of: digest))) == digest else { continue }
                add(store.manifestPath(of: digest), digest)
            }
        }
    }

    private mutating func add(_ path: String, _ digest: String) {
        switch Manifest.read(Kind.self, path)?.kind {
        case "expert":
            if let found = Manifest.read(ExpertManifest.self, path), found.expert.parameters == digest {
                experts.append(found)
            }
        case "reference":
            if let found = Manifest.read(ReferenceManifest.self, path), found.parameters == digest {
                references.append(found)
            }
        case "generator":
            if let found = Manifest.read(GeneratorManifest.self, path),
                found.generator.parameters == digest
            {
                generators.append(found.generator)
            }
        default: break
        }
    }

    /// Of each expert the manifest that counts, by base and name.
    var latestExperts: [ExpertManifest] {
        let byName = Dictionary(grouping: experts) { [$0.expert.base, $0.expert.name] }
        return byName.values.compactMap { versions in
            versions.max {
                ($0.layout.rank, $0.expert.importedAt) < ($1.layout.rank, $1.expert.importedAt)
            }
        }.sorted { ($0.expert.base, $0.expert.name) < ($1.expert.base, $1.expert.name) }
    }

    /// The bases that experts belong to, at the highest rank that any of theirs has.
    var bases: [BaseRecord] {
        Dictionary(grouping: latestExperts, by: \.expert.base).compactMap { name, experts in
            guard let widest = experts.max(by: { $0.layout.rank < $1.layout.rank }) else { return nil }
            return BaseRecord(
                name: name, layout: widest.layout, template: widest.template,
                createdAt: experts.map(\.expert.importedAt).min() ?? .now,
                reference: references.first { $0.base == name }?.parameters)
        }.sorted { $0.name < $1.name }
    }
}

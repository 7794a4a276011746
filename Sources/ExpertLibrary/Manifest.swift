internal import AdapterFormats
internal import ErrorModel
internal import Files
internal import Foundation
internal import LowRank

/// How manifests are written and read: JSON with sorted keys and indentation, dates in ISO 8601.
enum Manifest {
    static func encode(_ value: some Encodable) throws(SgloradError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        do {
            return Array(try encoder.encode(value)) + [0x0A]
        } catch {
            throw .internal("a manifest could not be encoded as JSON", cause: error)
        }
    }

    /// Decodes a manifest; nil where it is missing or of another form.
    ///
    /// Blocks.
    static func read<T: Decodable>(_ type: T.Type, _ path: String) -> T? {
        FileManager.default.contents(atPath: path).flatMap { decode(type, $0) }
    }

    /// Decodes a manifest; nil where it is of another form.
    static func decode<T: Decodable>(_ type: T.Type, _ data: Data) -> T? {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try? decoder.decode(type, from: data)
    }
}

/// The manifest beside an expert's blob, from which its row and its base's can be rebuilt.
struct ExpertManifest: Codable {
    var kind = "expert"
    var expert: ExpertRecord
    var layout: AdapterLayout
    var template: PEFTTemplate
}

/// The manifest beside the blob with the factors that fix a library's gauge.
struct ReferenceManifest: Codable {
    var kind = "reference"
    /// The base model's name.
    var base: String
    /// The layout of the factors.
    var layout: AdapterLayout
    /// The digest of the blob.
    var parameters: String
}

/// The manifest beside a generator's blob.
struct GeneratorManifest: Codable {
    var kind = "generator"
    var generator: StoredGenerator
}

/// The manifests of a state directory's blobs, as far as the blobs match them.
struct ManifestCollection: Sendable {
    private(set) var experts: [ExpertManifest] = []
    private(set) var references: [ReferenceManifest] = []
    private(set) var generators: [StoredGenerator] = []

    private struct Kind: Decodable { let kind: String }

    /// Reads every manifest and verifies its blob's digest; blocks.
    init(_ state: StateDirectory, _ store: BlobStore) {
        for folder in Folder.entries(of: state.blobs) {
            for name in Folder.entries(of: "\(state.blobs)/\(folder)") where name.hasSuffix(".json") {
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

    /// Of each expert the latest manifest of the highest rank, by base and name.
    var latestExperts: [ExpertManifest] {
        let byName = Dictionary(grouping: experts) { [$0.expert.base, $0.expert.name] }
        return byName.values.compactMap { versions in
            versions.max {
                ($0.layout.rank, $0.expert.importedAt) < ($1.layout.rank, $1.expert.importedAt)
            }
        }.sorted { ($0.expert.base, $0.expert.name) < ($1.expert.base, $1.expert.name) }
    }

    /// The bases of the experts, at the highest rank among their experts.
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

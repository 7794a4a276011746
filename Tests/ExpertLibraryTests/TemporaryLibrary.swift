import ErrorModel
import ExpertLibrary
import Files
import Foundation
import LinearAlgebra
import LowRank
import Storage
import TestSupport
import Testing

@testable import AdapterFormats

/// A state directory of a test's own, removed when the last reference goes.
final class TemporaryLibrary: Sendable {
    let state: StateDirectory
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        state = try StateDirectory(root: folder("state"))
    }

    /// Opens the library.
    func open() throws -> LibraryStore { try LibraryStore(state) }

    /// The files under a folder of the state directory, by their paths within it, sorted.
    func files(under folder: String) throws -> [String] {
        let url = URL(filePath: folder)
        let names = try FileManager.default.subpathsOfDirectory(atPath: url.path(percentEncoded: false))
        return try names.filter { name in
            let values = try url.appending(path: name).resourceValues(forKeys: [.isRegularFileKey])
            return values.isRegularFile == true
        }.sorted()
    }
}

/// The superclass of suites whose tests each get an empty, open library.
class OpenLibrary {
    let place: TemporaryLibrary
    let store: LibraryStore

    init() throws {
        place = try TemporaryLibrary()
        store = try place.open()
    }
}

/// What the tests' records are made of.
enum Sample {
    static let moment = Date(timeIntervalSince1970: 1_750_000_000)

    /// A base model of two sites, whose adapters have 44 numbers.
    static func base(_ name: String = "minilm") throws -> BaseRecord {
        let layout = try AdapterLayout(
            sites: ["query", "value"].map { Site(path: "layer.0.\($0)", inFeatures: 6, outFeatures: 5) },
            rank: 2, scale: 2)
        return BaseRecord(
            name: name, layout: layout,
            template: PEFTTemplate(
                baseModelName: "models/\(name)", taskType: "FEATURE_EXTRACTION",
                targetModules: ["query", "value"]),
            createdAt: moment)
    }

    /// Random checkpoints of a base: the root and some more.
    static func checkpoints(_ base: BaseRecord, count: Int = 3, seed: UInt64 = 1) -> [PEFTCheckpoint] {
        var random = CounterRandom(seed: seed)
        return (0..<count).map { number in
            PEFTCheckpoint(
                name: number == 0 ? "" : "checkpoint-\(number)",
                factors: base.layout.sites.map { site in
                    SiteFactors(
                        site: site, rank: 2, scale: 2, a: random.gaussians(2 * site.inFeatures),
                        b: random.gaussians(2 * site.outFeatures))
                })
        }
    }

    /// An expert's row, whose parameters are not stored.
    static func expert(
        _ name: String, base: String = "minilm", digest: String? = nil
    ) -> ExpertRecord {
        var expert = ExpertRecord(
            base: base, name: name, description: "Match definitions of \(name) to their names",
            digest: digest ?? "digest of \(name)", encoder: "encoder", embedding: [0.6, -0.8, 0],
            descriptionTruncated: false, importedAt: moment)
        expert.parameters = "parameters of \(name)"
        expert.bytes = 100
        expert.checkpoints = ["", "checkpoint-2", "checkpoint-10"]
        expert.meanNorm = 1.5
        expert.deviation = 0.25
        return expert
    }

    /// An adapter that is ready to be published.
    static func draft(
        request: String = "r-1", uid: UserID = 1000, label: String? = nil, experts: [String] = ["e2", "e1"],
        createdAt: Date = moment
    ) -> AdapterDraft {
        AdapterDraft(
            uid: uid, base: "minilm", request: request,
            files: [
                (name: "adapter_model.safetensors", contents: [1, 2, 3, 4]),
                (name: "adapter_config.json", contents: Array("{}\n".utf8)),
            ], label: label, truncated: false, provenance: #"{"seed":7}"#, experts: experts,
            createdAt: createdAt)
    }
}

internal import AdapterFormats
public import ErrorModel
internal import Executors
internal import GRDB
internal import LinearAlgebra
public import LowRank

/// The factors that fix each library's gauge, one blob per library.
///
/// A reference is fixed by the library's first expert and outlives it, until the library is empty. It keeps the rank that it
/// was stored with; the library's may rise. Its blob names the base, so that two bases never share one.
public struct ReferenceStore: Sendable {
    private static let format = "sglorad-reference"

    let resources: LibraryResources

    /// Stores a reference and its manifest; blocks.
    ///
    /// - Returns: the blob's digest, for the base's row, which the caller writes.
    /// - Throws: `storageFailure`.
    public func store(_ reference: GaugeReference, ofBase base: String) throws(SgloradError) -> String {
        var writer = try SafetensorsWriter(
            metadata: [
                "format": Self.format, "version": "1", "rank": "\(reference.layout.rank)", "base": base,
            ])
        try writer.add(
            "reference", shape: [reference.parameters.count], values: reference.parameters)
        let file = writer
        return try resources.blobs.store { descriptor throws(SgloradError) in
            try file.write(to: descriptor, path: "the gauge reference of '\(base)'")
        } manifest: { digest, _ in
            ReferenceManifest(base: base, layout: reference.layout, parameters: digest)
        }.digest
    }

    /// Maps the reference of a base; nil before its first expert.
    ///
    /// Blocks.
    ///
    /// - Throws: `invalidFile` if the blob is damaged or missing.
    public func find(of base: BaseRecord) throws(SgloradError) -> GaugeReference? {
        guard let digest = base.reference else { return nil }
        let name = "the gauge reference of '\(base.name)'"
        let file = try SafetensorsFile(path: resources.blobs.path(of: digest), displayName: name)
        guard file.metadata["format"] == Self.format, let rank = file.metadata["rank"].flatMap({ Int($0) })
        else { throw .invalidFile(name, "it is not a gauge reference; restore the blob from a backup") }
        let layout = try AdapterLayout(sites: base.layout.sites, rank: rank, scale: base.layout.scale)
        let numbers = try file.floats("reference")
        guard numbers.count == layout.parameterCount else {
            throw .invalidFile(
                name,
                "it has \(numbers.count) numbers, not \(layout.parameterCount); restore it from a backup")
        }
        return GaugeReference(layout: layout, parameters: numbers)
    }

    /// Gives each library of a version 1 database, which had no references, a reference made from its first expert.
    ///
    /// The experts' parameters stay as they are. Those that are not in that gauge are marked as foreign, so that they are
    /// merged by ΔW.
    ///
    /// - Throws: `storageFailure`; `invalidFile` where an expert's blob is damaged.
    public func adopt() async throws(SgloradError) {
        let bases = try await resources.database.read { db in
            try BaseRow.sound(BaseRow.filter(BaseRow.Columns.reference == nil), db)
        }
        for base in bases {
            let experts = try await resources.database.read { db in try ExpertRow.all(db, of: base.name) }
            guard let first = Self.firstImported(experts) else { continue }
            let (digest, aligned) = try await resources.files.run {
                () throws(SgloradError) -> (String, [ExpertRecord]) in
                let mean = try parameters(of: first, on: base).mean
                let reference = GaugeReference(layout: base.layout, parameters: mean)
                var aligned: [ExpertRecord] = []
                for expert in experts { aligned.append(try align(expert, of: base, to: reference)) }
                return (try store(reference, ofBase: base.name), aligned)
            }
            try await resources.database.write { db in
                try BaseRow.setReference(digest, of: base.name, insteadOf: nil, db)
                for expert in aligned {
                    try ExpertRow.change(expert.name, of: expert.base, db) { row in
                        row.isForeign = expert.isForeign
                        row.alignment = expert.alignment
                    }
                }
            }
            for expert in aligned { try await resources.writeManifest(of: expert, base) }
        }
    }

    /// Replaces a base's reference with one made from its first expert in that gauge, or removes it if there is none.
    ///
    /// The experts stay as they are: each was brought to the same gauge when it was imported.
    func rebuild(of base: BaseRecord, experts: [ExpertRecord]) async throws(SgloradError) {
        var digest: String?
        if let first = Self.firstImported(experts.filter({ !$0.isForeign })) {
            digest = try await resources.files.run { () throws(SgloradError) -> String in
                let mean = try parameters(of: first, on: base).mean
                return try store(GaugeReference(layout: base.layout, parameters: mean), ofBase: base.name)
            }
        }
        let rebuilt = digest
        try await resources.database.write { db in
            try BaseRow.setReference(rebuilt, of: base.name, insteadOf: base.reference, db)
        }
    }

    private static func firstImported(_ experts: [ExpertRecord]) -> ExpertRecord? {
        experts.min { ($0.importedAt, $0.name) < ($1.importedAt, $1.name) }
    }

    private func parameters(
        of expert: ExpertRecord, on base: BaseRecord
    ) throws(SgloradError) -> ExpertParameters {
        try ExpertParameters(
            path: resources.blobs.path(of: expert.parameters), names: expert.checkpoints, layout: base.layout)
    }

    /// An expert's row with its distance from a reference.
    private func align(
        _ expert: ExpertRecord, of base: BaseRecord, to reference: GaugeReference
    ) throws(SgloradError) -> ExpertRecord {
        let alignment = try GaugeAlignment(
            of: try parameters(of: expert, on: base).checkpoints.map {
                LoRAAdapter(layout: base.layout, parameters: $0.array).factors
            },
            to: reference, on: base.layout)
        var row = expert
        row.alignment = alignment.distance
        row.isForeign = alignment.isForeign || !alignment.isIdentity
        return row
    }
}

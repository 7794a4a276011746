internal import AdapterFormats
public import ErrorModel
internal import GRDB
internal import LinearAlgebra
public import LowRank

extension ExpertCache {
    private static let format = "sglorad-reference"

    /// Stores the factors that fix a library's gauge; blocks on the disk.
    ///
    /// - Returns: the blob's digest, for the base's row, which is the caller's to write.
    public func store(_ reference: GaugeReference, ofBase base: String) throws(SgloradError) -> String {
        var writer = try SafetensorsWriter(
            metadata: ["format": Self.format, "version": "1", "rank": "\(reference.layout.rank)"])
        try writer.add(
            "reference", shape: [reference.parameters.count], values: reference.parameters)
        let file = writer
        return try blobs.store { descriptor throws(SgloradError) in
            try file.write(to: descriptor, path: "the gauge reference of '\(base)'")
        } manifest: { digest, _ in
            ReferenceManifest(base: base, layout: reference.layout, parameters: digest)
        }.digest
    }

    /// Maps the factors that fix a library's gauge; nil before its first expert.
    ///
    /// - Throws: `invalidFile` if the blob is damaged or missing.
    public func reference(of base: BaseRecord) throws(SgloradError) -> GaugeReference? {
        guard let digest = base.reference else { return nil }
        let name = "the gauge reference of '\(base.name)'"
        let file = try SafetensorsFile(path: blobs.path(of: digest), displayName: name)
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

    /// Gives each library that an earlier version left without a reference the one of its first-imported expert.
    ///
    /// Its other experts stay as they are; those that are not in that gauge are marked as foreign, so that they are merged
    /// rightly.
    public func adoptReferences() async throws(SgloradError) {
        for base in try await bases() where base.reference == nil {
            let experts = try await experts(base: base.name)
            let first = experts.min { ($0.importedAt, $0.name) < ($1.importedAt, $1.name) }
            guard let first else { continue }
            let reference = GaugeReference(
                layout: base.layout, parameters: try parameters(of: first, on: base.layout).mean)
            var judged: [ExpertRecord] = []
            for expert in experts {
                let own = try parameters(of: expert, on: base.layout)
                let alignment = try GaugeAlignment(
                    of: own.checkpoints.map {
                        LoRAAdapter(layout: base.layout, parameters: $0.array).factors
                    },
                    to: reference, on: base.layout)
                var row = expert
                row.alignment = alignment.distance
                row.isForeign = alignment.isForeign || !alignment.isIdentity
                judged.append(row)
            }
            let digest = try store(reference, ofBase: base.name)
            let rows = judged
            try await write { db in
                try db.execute(
                    sql: "UPDATE base SET reference = ? WHERE name = ? AND reference IS NULL",
                    arguments: [digest, base.name])
                for row in rows {
                    try db.execute(
                        sql: "UPDATE expert SET isForeign = ?, alignment = ? WHERE base = ? AND name = ?",
                        arguments: [row.isForeign, row.alignment, row.base, row.name])
                }
            }
        }
    }

    /// An expert's parameters, mapped.
    public func parameters(
        of expert: ExpertRecord, on layout: AdapterLayout
    ) throws(SgloradError) -> ExpertParameters {
        try ExpertParameters(
            path: blobs.path(of: expert.parameters), names: expert.checkpoints, layout: layout)
    }
}

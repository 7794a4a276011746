public import ErrorModel
internal import Foundation

extension ExpertCache {
    /// Stores an expert's parameters and manifest; blocks on the disk.
    ///
    /// The row is the caller's to insert.
    ///
    /// - Parameters:
    ///   - parameters: what the blob holds.
    ///   - expert: the row; its `parameters`, `bytes`, `checkpoints`, `meanNorm` and `deviation` are filled in.
    ///   - base: the base's row, whose layout and template the manifest repeats.
    public func store(
        _ parameters: ExpertParameters, of expert: ExpertRecord, base: BaseRecord
    ) throws(SgloradError) -> ExpertRecord {
        var stored = expert
        stored.checkpoints = parameters.names
        stored.meanNorm = parameters.meanNorm
        stored.deviation = parameters.deviation
        let template = stored
        let blob = try blobs.store { descriptor throws(SgloradError) in
            try parameters.write(
                of: expert.name, base: expert.base, to: descriptor,
                path: "the parameters of expert '\(expert.name)'")
        } manifest: { digest, bytes in
            var record = template
            record.parameters = digest
            record.bytes = bytes
            return ExpertManifest(expert: record, layout: base.layout, template: base.template)
        }
        stored.parameters = blob.digest
        stored.bytes = blob.bytes
        return stored
    }

    /// Stores a generator's file and manifest; blocks on the disk.
    ///
    /// The row is the caller's to insert.
    ///
    /// - Parameters:
    ///   - base: the base model it generates for.
    ///   - record: its record, as JSON.
    ///   - experts: the digests of the experts it was trained on.
    ///   - seconds: how long the training took.
    ///   - write: writes the file's content to the open descriptor it is given.
    public func storeGenerator(
        base: String, record: String, experts: [String], seconds: Double,
        write: (Int32) throws(SgloradError) -> Void
    ) throws(SgloradError) -> GeneratorRow {
        let now = Date()
        func row(_ digest: String, _ bytes: Int) -> GeneratorRow {
            GeneratorRow(
                base: base, record: record, parameters: digest, bytes: bytes, seconds: seconds,
                createdAt: now,
                experts: experts)
        }
        let blob = try blobs.store(write: write) { GeneratorManifest(generator: row($0, $1)) }
        return row(blob.digest, blob.bytes)
    }
}

internal import AdapterFormats
internal import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Files
internal import Foundation
internal import Generation
internal import LinearAlgebra

/// The file format of a generator: safetensors with the generator's record as JSON in its metadata.
enum GeneratorFile {
    private static let format = "sglorad-generator"
    private static let version = "1"

    /// Writes a generator; equal generators give equal bytes.
    static func write(
        _ generator: TrainedGenerator, to descriptor: Int32, path: String
    ) throws(SgloradError) {
        var writer = try SafetensorsWriter(
            metadata: ["format": format, "version": version, "record": try JSONText.encode(generator.record)])
        for tensor in generator.tensors {
            try writer.add(
                tensor.name, shape: tensor.shape, stream: tensor.values, as: tensor.half ? .float16 : .float32
            )
        }
        try writer.write(to: descriptor, path: path)
    }

    /// Reads a generator; large arrays stay in the mapped file where possible.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - name: what errors call the file.
    ///   - verifying: whether to check that every number is finite, as for an imported file.
    /// - Throws: `invalidFile`.
    static func read(
        _ path: String, name: String, verifying: Bool
    ) throws(SgloradError) -> TrainedGenerator {
        let file = try SafetensorsFile(path: path, displayName: name)
        guard file.metadata["format"] == format else {
            throw .invalidFile(name, "it is not a generator; export one with 'sglorad-ctl generator export'")
        }
        guard file.metadata["version"] == version else {
            throw .invalidFile(
                name,
                "it has format version \(file.metadata["version"] ?? "?"); this daemon reads \(version)"
            )
        }
        if verifying {
            for tensor in file.tensors { try file.requireFinite(tensor.name) }
        }
        let record: GeneratorRecord
        do {
            record = try JSONDecoder().decode(
                GeneratorRecord.self, from: Data((file.metadata["record"] ?? "").utf8))
        } catch {
            throw .invalidFile(name, "its record cannot be read: \(error)", cause: error)
        }
        return try TrainedGenerator(record: record, file: name) { tensorName throws(SgloradError) in
            guard let tensor = file.tensor(named: tensorName) else { return nil }
            return (tensor.shape, try file.stream(tensorName))
        }
    }
}

extension LibraryStore {
    /// Verifies a generator's file and adds it to the library of its base.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - name: what errors call the file.
    ///   - base: the name of its base model when the caller began.
    ///   - seconds: how long the training took; 0 for an imported file.
    ///   - pool: runs the file work.
    /// - Throws: `invalidFile`; `unknownBase` if the base was removed meanwhile; `storageFailure`.
    func takeIn(
        _ path: String, name: String, of base: String, seconds: Double, on pool: ComputePool
    ) async throws(SgloradError) -> StoredGenerator {
        try await changes.pass { () async throws(SgloradError) in
            let known = try await bases.all()
            guard let base = BaseName.find(base, in: known) else {
                throw .unknownBase(base, known: known.map(\.name))
            }
            let row = try await pool.run { () throws(SgloradError) in
                try self.takeInGenerator(path, name: name, base: base.name, seconds: seconds)
            }
            try await generators.insert(row)
            return row
        }
    }

    /// Verifies a generator's file and stores it; the caller inserts the row.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - name: what errors call the file.
    ///   - base: the name that its base model has now; the file may have a former one.
    ///   - seconds: how long the training took; 0 for an imported file.
    /// - Throws: `invalidFile`, `storageFailure`.
    private func takeInGenerator(
        _ path: String, name: String, base: String, seconds: Double
    ) throws(SgloradError) -> StoredGenerator {
        let generator = try GeneratorFile.read(path, name: name, verifying: true)
        let record = generator.record
        return try generators.store(
            base: base, record: try JSONText.encode(record), experts: record.experts.map(\.digest),
            seconds: seconds
        ) { descriptor throws(SgloradError) in
            try FileBytes.copy(path, to: descriptor, name: name)
        }
    }
}

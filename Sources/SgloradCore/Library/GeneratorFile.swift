internal import AdapterFormats
internal import ErrorModel
internal import Foundation
internal import Generation
internal import LinearAlgebra

/// A generator's file: safetensors, with the generator's record as JSON in its metadata.
enum GeneratorFile {
    private static let format = "sglorad-generator"
    private static let version = "1"

    /// Writes a generator.
    ///
    /// Deterministic: the same generator gives the same bytes.
    static func write(
        _ generator: SemanticGuidedGenerator, to descriptor: Int32, path: String
    ) throws(SgloradError) {
        var writer = try SafetensorsWriter(
            metadata: ["format": format, "version": version, "record": try json(generator.record)])
        for tensor in generator.tensors {
            try writer.add(
                tensor.name, shape: tensor.shape, stream: tensor.values, as: tensor.half ? .float16 : .float32
            )
        }
        try writer.write(to: descriptor, path: path)
    }

    /// Reads a generator; large arrays stay in the mapped file where they can.
    ///
    /// - Parameter verifying: whether every number is looked at, as for a file from outside.
    /// - Throws: `invalidFile` that says what is wrong.
    static func read(
        _ path: String, name: String, verifying: Bool
    ) throws(SgloradError) -> SemanticGuidedGenerator {
        let file = try SafetensorsFile(path: path, displayName: name)
        guard file.metadata["format"] == format else {
            throw .invalidFile(name, "it is not a generator; export one with 'sglorad-ctl generator export'")
        }
        guard file.metadata["version"] == version else {
            throw .invalidFile(
                name,
                "it is a generator of version \(file.metadata["version"] ?? "?"), this daemon reads \(version)"
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
        return try SemanticGuidedGenerator(record: record, file: name) { tensorName throws(SgloradError) in
            guard let tensor = file.tensor(named: tensorName) else { return nil }
            return (tensor.shape, try file.stream(tensorName))
        }
    }

    /// A record as JSON with sorted keys.
    static func json(_ record: GeneratorRecord) throws(SgloradError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(record), as: UTF8.self)
        } catch {
            throw .internal("a generator's record could not be written as JSON", cause: error)
        }
    }
}

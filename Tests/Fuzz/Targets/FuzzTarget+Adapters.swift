import ErrorModel
import LinearAlgebra
import LowRank

@testable import AdapterFormats

extension FuzzTarget {
    /// The reader of safetensors files: the header, and the numbers of every tensor.
    static let safetensors = FuzzTarget(name: "safetensors") { bytes in
        // As it lies in memory, so that a byte read behind the end is seen; then as a file.
        let header = try? SafetensorsHeader(of: bytes, file: "input")
        ScratchFile.weights.write(bytes)
        guard let file = try? SafetensorsFile(path: ScratchFile.weights.path, displayName: "input") else {
            precondition(
                header == nil || bytes.isEmpty, "the same bytes are sound in memory and unsound in a file")
            return
        }
        precondition(file.tensors.count == header?.tensors.count)
        for tensor in file.tensors {
            precondition(tensor.bytes.upperBound <= bytes.count)
            precondition(tensor.count == tensor.shape.reduce(1, *))
            precondition(file.tensor(named: tensor.name)?.bytes == tensor.bytes)
            guard let numbers = try? file.floats(tensor.name) else { continue }
            precondition(numbers.count == tensor.count)
            try? file.requireFinite(tensor.name)
            guard let stream = try? file.stream(tensor.name) else {
                preconditionFailure("floats without a stream")
            }
            precondition(stream.count == tensor.count)
        }
    }

    /// The reader of PEFT folders: two bytes that say how long the configuration is, the configuration, the weights.
    static let peft = FuzzTarget(name: "peft") { bytes in
        guard bytes.count >= 2 else { return }
        let length = min(Int(bytes[0]) | Int(bytes[1]) << 8, bytes.count - 2)
        ScratchFile.configuration.write(UnsafeRawBufferPointer(rebasing: bytes[2..<2 + length]))
        ScratchFile.weights.write(UnsafeRawBufferPointer(rebasing: bytes[(2 + length)...]))
        let folder = try? PEFTFolder.read(files: [
            "adapter_config.json": ScratchFile.configuration.path,
            "adapter_model.safetensors": ScratchFile.weights.path,
        ])
        for checkpoint in folder?.checkpoints ?? [] {
            for factor in checkpoint.factors {
                precondition(factor.a.count == factor.rank * factor.site.inFeatures)
                precondition(factor.b.count == factor.rank * factor.site.outFeatures)
                precondition(factor.scale.isFinite && factor.scale != 0)
            }
        }
    }

    /// The strict reader of JSON: what it reads it can write, and reads back as it was.
    static let json = FuzzTarget(name: "json") { bytes in
        bytes.withMemoryRebound(to: UInt8.self) { buffer in
            guard let document = try? StrictJSON(parsing: buffer) else { return }
            let text = document.indented()
            guard let again = try? StrictJSON(parsing: text) else {
                preconditionFailure("what was written cannot be read")
            }
            precondition(again.indented() == text, "what was read again is something else")
        }
    }
}

import ErrorModel
import LinearAlgebra
import LowRank
import StrictJSON

@testable import AdapterFormats

extension FuzzTarget {
    /// Safetensors files: the header, and the numbers of every tensor.
    static let safetensors = FuzzTarget(name: "safetensors") { bytes in
        // First in memory, where the sanitizer sees a read beyond the end; then as a file.
        let header = try? SafetensorsHeader(of: bytes, file: "input")
        ScratchFile.weights.write(bytes)
        guard let file = try? SafetensorsFile(path: ScratchFile.weights.path, displayName: "input") else {
            precondition(
                header == nil || bytes.isEmpty, "the same bytes are valid in memory and invalid in a file")
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

    /// PEFT folders: two bytes for the length of the configuration, the configuration, then the weights.
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

    /// The strict JSON reader: what it accepts survives a round trip, and the scanner alone sees the same
    /// members.
    static let json = FuzzTarget(name: "json") { bytes in
        let members = try? JSONScanner.members(of: bytes, maximumDepth: 64, maximumCount: 64)
        guard let document = try? JSONValue(parsing: bytes) else { return }
        precondition(members == nil || members?.count == document.object?.count, "two readings of one text")
        let text = document.indented()
        guard let again = try? JSONValue(parsing: text) else {
            preconditionFailure("what was written cannot be parsed")
        }
        precondition(again.indented() == text, "the document changed in a round trip")
    }
}

import AdapterFormats
import LowRank
import TestSupport

extension TemporaryFolder {
    /// Writes an adapter as a PEFT folder here and reads it back.
    func rewritten(
        _ adapter: LoRAAdapter, _ template: PEFTTemplate, provenance: [String: String] = [:]
    ) throws -> PEFTFolder {
        for file in try PEFTWriter.files(for: adapter, template: template, provenance: provenance) {
            try write(file.contents, to: file.name)
        }
        return try PEFTFolder.read(directory: path)
    }
}

/// A safetensors file with an unpadded header and data.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    safetensors(header: Array(header.utf8), data: data)
}

func safetensors(header: [UInt8], data: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
}

/// The bytes of single-precision numbers, little-endian.
func bytes(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
}

/// The bytes of 16-bit patterns, little-endian.
func bytes(patterns: [UInt16]) -> [UInt8] {
    patterns.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
}

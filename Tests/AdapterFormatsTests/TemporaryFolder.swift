import AdapterFormats
import ErrorModel
import Foundation
import LowRank
import Testing

/// A temporary directory, removed with its last reference.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "adapter-formats-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, creating directories as needed, and returns its path.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

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

/// Expects a call to throw an error with a code, and returns the error.
func refusal(
    _ code: SgloradError.Code = .invalidFile, _ location: SourceLocation = #_sourceLocation,
    _ body: () throws -> some Any
) -> SgloradError? {
    let error = #expect(throws: SgloradError.self, sourceLocation: location) { _ = try body() }
    #expect(error?.code == code, sourceLocation: location)
    return error
}

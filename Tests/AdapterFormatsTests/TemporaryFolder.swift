import ErrorModel
import Foundation
import Testing

/// A folder of a test's own, removed when the last reference goes.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "adapter-formats-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, and the folders before it; gives its path.
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
}

/// A safetensors file of a header as it is, without padding, and data.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    safetensors(header: Array(header.utf8), data: data)
}

/// A safetensors file of a header as it is, without padding, and data.
func safetensors(header: [UInt8], data: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
}

/// The bytes of numbers in single precision, little-endian.
func bytes(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
}

/// The bytes of patterns of 16 bits, little-endian.
func bytes(patterns: [UInt16]) -> [UInt8] {
    patterns.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
}

/// The error that a call must throw, of the code that it must have.
func refusal(
    _ code: SgloradError.Code = .invalidFile, _ location: SourceLocation = #_sourceLocation,
    _ body: () throws -> some Any
) -> SgloradError? {
    let error = #expect(throws: SgloradError.self, sourceLocation: location) { _ = try body() }
    #expect(error?.code == code, sourceLocation: location)
    return error
}

import ErrorModel
import Foundation
import Testing

/// A folder of a test's own, removed when the last reference goes.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "durable-storage-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a name within the folder.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and the folders before it.
    func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(filePath: self(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// A file's content.
    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: self(name)))) }

    /// Whether something is there, be it a broken link.
    func has(_ name: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: self(name))) != nil
    }

    /// Everything below, sorted.
    var entries: [String] {
        get throws { try FileManager.default.subpathsOfDirectory(atPath: path).sorted() }
    }

    /// The permissions of a file or folder.
    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: self(name))
        return try #require(attributes[.posixPermissions] as? Int)
    }
}

/// The error that a call must throw, of the code that it must have.
func refusal(
    _ code: SgloradError.Code = .storageFailure, _ location: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) -> SgloradError? {
    let error = #expect(throws: SgloradError.self, sourceLocation: location) { try body() }
    #expect(error?.code == code, sourceLocation: location)
    return error
}

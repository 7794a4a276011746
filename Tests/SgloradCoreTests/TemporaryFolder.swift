import ErrorModel
import Foundation
import Testing

/// A folder of a test's own, removed when the last reference goes.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "sglorad-core-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a name within the folder.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and the folders before it; gives its path.
    @discardableResult
    func write(_ bytes: Data, to name: String) throws -> String {
        let url = URL(filePath: self(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: url)
        return self(name)
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String { try write(Data(text.utf8), to: name) }

    /// A file's content.
    func read(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: self(name))) }
}

/// The error that a call must throw, of the code that it must have.
func refusal(
    _ code: SgloradError.Code, _ location: SourceLocation = #_sourceLocation,
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Void
) async -> SgloradError? {
    do {
        try await body()
        Issue.record("nothing was thrown, not \(code)", sourceLocation: location)
    } catch let error as SgloradError {
        #expect(error.code == code, "\(error)", sourceLocation: location)
        return error
    } catch {
        Issue.record("\(error) was thrown, not \(code)", sourceLocation: location)
    }
    return nil
}

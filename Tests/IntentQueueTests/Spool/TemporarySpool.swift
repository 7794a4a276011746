import ErrorModel
import Foundation
import Glibc
import Testing

@testable import IntentQueue

/// A spool in a folder of a test's own, removed when the last reference goes.
final class TemporarySpool: Sendable {
    let path: String
    let folder: SpoolFolder

    init() throws {
        path = NSTemporaryDirectory() + "spool-\(UUID().uuidString)"
        folder = try SpoolFolder(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Puts a file into `new/` as an app does: written elsewhere, then renamed.
    func drop(_ name: String, _ content: String) throws {
        try Data(content.utf8).write(to: URL(filePath: "\(path)/tmp/\(name)"))
        #expect(rename("\(path)/tmp/\(name)", "\(path)/new/\(name)") == 0)
    }

    /// Takes the one file of a name that waits.
    func take(_ name: String, _ location: SourceLocation = #_sourceLocation) throws -> TakenFile {
        guard case .taken(let file) = try folder.take(FileName(name)) else {
            Issue.record("\(name) was not taken", sourceLocation: location)
            throw CancellationError()
        }
        return file
    }

    /// Takes a file and reads it.
    func reading(_ name: String, _ location: SourceLocation = #_sourceLocation) throws -> SpoolReading {
        try folder.read(try take(name, location))
    }

    /// The names in one of the folders.
    func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted()
    }
}

extension SpoolReading {
    /// The defect, if it is one.
    var defect: SpoolDefect? {
        guard case .defect(let defect, _, _) = self else { return nil }
        return defect
    }
}

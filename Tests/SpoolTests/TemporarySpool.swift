import ErrorModel
import Files
import Foundation
import Glibc
import SpoolForms
import TestSupport
import Testing

@testable import Spool

/// A spool in a temporary folder, used as an application uses it.
final class TemporarySpool: Sendable {
    private let root: TemporaryFolder
    let folder: SpoolFolder
    let owner = UserID.current

    var path: String { folder.path }

    init() throws {
        root = try TemporaryFolder()
        // However long a test waits for a processor, a file that it has dropped does not become overdue meanwhile.
        folder = try SpoolFolder(root("spool"), patience: 86_400)
    }

    /// Puts a file into `new/`: writes it in `tmp/`, then renames it.
    func drop(_ name: String, _ content: String = #"{"text": "birds"}"#, as owner: UserID? = nil) throws {
        let temporary = "\(path)/tmp/\(name)"
        try Data(content.utf8).write(to: URL(filePath: temporary))
        if let owner { #expect(chown(temporary, owner.rawValue, owner.rawValue) == 0) }
        #expect(rename(temporary, "\(path)/new/\(name)") == 0)
    }

    /// Takes the file of that name, which must be in `new/`.
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

    /// The names in a folder of the spool, sorted; none if the folder is missing.
    func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
    }

    /// The content of a file in the spool, as text.
    func text(_ file: String) throws -> String {
        try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)
    }

    /// A result in `done/`.
    func result(_ name: String, of owner: UserID? = nil) throws -> Form.SpoolResult {
        let path = "\(path)/done/\(owner ?? self.owner)/\(name)"
        return try JSONDecoder().decode(Form.SpoolResult.self, from: Data(contentsOf: URL(filePath: path)))
    }
}

extension SpoolReading {
    /// The defect, if it is one.
    var defect: SpoolDefect? {
        guard case .defect(let defect, _, _) = self else { return nil }
        return defect
    }
}

internal import Foundation
internal import Glibc
internal import Testing

/// A spool folder as an application uses it.
public struct TestSpool: Sendable {
    /// The spool's root.
    public let path: String
    /// This process's user.
    public let uid = Int(geteuid())

    /// Names a spool; nothing is created.
    public init(_ path: String) { self.path = path }

    /// Drops an intent: writes it in `tmp/` and renames it into `new/`.
    ///
    /// - Parameter owner: the user who owns the file, if another than this one; needs root.
    public func drop(_ name: String, _ content: String, as owner: Int? = nil) throws {
        let temporary = "\(path)/tmp/\(name)"
        try Data(content.utf8).write(to: URL(filePath: temporary))
        if let owner { try #require(chown(temporary, uid_t(owner), gid_t(owner)) == 0) }
        try #require(rename(temporary, "\(path)/new/\(name)") == 0)
    }

    /// The names in a folder of the spool, sorted; none where the folder is missing.
    public func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
    }

    /// The path of a result file.
    public func resultFile(_ name: String, of owner: Int? = nil) -> String {
        "\(path)/done/\(owner ?? uid)/\(name)"
    }

    /// A result, decoded; nil where there is none yet.
    public func result<T: Decodable>(_ type: T.Type, _ name: String, of owner: Int? = nil) throws -> T? {
        guard let data = FileManager.default.contents(atPath: resultFile(name, of: owner)) else { return nil }
        return try JSONDecoder().decode(type, from: data)
    }
}

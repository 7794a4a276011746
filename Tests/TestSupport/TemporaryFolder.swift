internal import Foundation
internal import Testing

/// A new folder below `/tmp` that is removed with the last reference to it.
///
/// The path is short, because the path of a Unix socket has at most 107 bytes.
public final class TemporaryFolder: Sendable {
    /// The folder's absolute path.
    public let path: String

    /// Creates the folder.
    public init() throws {
        path = "/tmp/sgl-\(UUID().uuidString.prefix(13))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        // Other users reach what tests give them, whatever the umask is.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The absolute path of a name within the folder.
    public func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, creating the folders above it.
    ///
    /// - Returns: the file's absolute path.
    @discardableResult
    public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let url = URL(filePath: self(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return self(name)
    }

    /// Writes a text file, creating the folders above it.
    ///
    /// - Returns: the file's absolute path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String { try write(text.utf8, to: name) }

    /// Creates an empty folder and the folders above it.
    public func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: self(name), withIntermediateDirectories: true)
    }

    /// The bytes of a file.
    public func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: self(name))))
    }

    /// A file's content as text; malformed UTF-8 is replaced.
    public func text(_ name: String) throws -> String { String(decoding: try read(name), as: UTF8.self) }

    /// Whether the name exists; true for a dangling symbolic link, too.
    public func has(_ name: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: self(name))) != nil
    }

    /// The names directly in the folder, hidden ones included, sorted.
    public var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    /// The relative paths of everything below the folder, sorted.
    public var entries: [String] {
        get throws { try FileManager.default.subpathsOfDirectory(atPath: path).sorted() }
    }

    /// The permission bits of a file or folder.
    public func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: self(name))
        return try #require(attributes[.posixPermissions] as? Int)
    }
}

/// Runs `body` with the path of a new temporary folder and removes the folder afterwards.
public func withTemporaryFolder<R>(_ body: (String) async throws -> R) async throws -> R {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    return try await body(folder.path)
}

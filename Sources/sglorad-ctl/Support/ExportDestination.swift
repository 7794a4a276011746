internal import ErrorModel
internal import Files
internal import Glibc

/// A path to export to, checked before the daemon is asked for anything.
struct ExportDestination: Sendable {
    /// The existing folder that the new entry is created in.
    let parent: String
    /// The complete path.
    let path: String

    /// A folder to be created: the path must not exist, or be an empty folder.
    ///
    /// Throws `alreadyExists` if the path is taken, `invalidFile` if the parent folder is missing.
    init(folder: String) throws(SgloradError) {
        let trimmed = Self.withoutTrailingSlashes(folder)
        guard FileKind(of: trimmed, followingLinks: false) != nil else {
            try self.init(missing: trimmed)
            return
        }
        guard FileKind(of: trimmed) == .folder, try Folder.names(in: trimmed).isEmpty,
            let resolved = Self.resolved(trimmed)
        else { throw Self.alreadyExists("folder", folder, "It is not an empty folder") }
        guard resolved != Self.resolved(".") else {
            throw Self.alreadyExists("folder", folder, "It is the current folder, which cannot be replaced")
        }
        self.init(checked: resolved)
    }

    /// A file to be created: the path must not exist.
    ///
    /// Throws `alreadyExists` if the path is taken, `invalidFile` if the parent folder is missing.
    init(file: String) throws(SgloradError) {
        guard FileKind(of: file, followingLinks: false) == nil else {
            throw Self.alreadyExists("file", file, "It would be overwritten")
        }
        try self.init(missing: file)
    }

    private init(missing path: String) throws(SgloradError) {
        guard !path.isEmpty else { throw .invalidFile("''", "the path to write to is empty.") }
        let parent = Path.parent(of: path)
        guard FileKind(of: parent) == .folder else {
            throw SgloradError.invalidFile(
                path, "the parent folder '\(parent)' does not exist. Create it first."
            ).with(.type("mkdir -p \(Remedy.word(parent))", to: "create it"))
        }
        self.init(checked: path)
    }

    private init(checked path: String) {
        self.path = path
        parent = Path.parent(of: path)
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func resolved(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }

    private static func alreadyExists(_ kind: String, _ path: String, _ why: String) -> SgloradError {
        SgloradError(
            .alreadyExists, "'\(path)' already exists. \(why): choose another \(kind).",
            parameters: ["kind": .string(kind), "name": .string(path)])
    }
}

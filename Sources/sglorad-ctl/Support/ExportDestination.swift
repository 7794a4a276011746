import ErrorModel
import Glibc

/// A place where something will be written under the caller's own rights, checked before anything is asked for.
struct ExportDestination: Sendable {
    /// The folder that the new name will stand in.
    let parent: String
    /// The whole path.
    let path: String

    /// A folder to be made: there is nothing of that name, or an empty folder.
    ///
    /// Throws `AlreadyExists` where something stands there, `InvalidFile` where the folder around it is missing.
    init(folder: String) throws(SgloradError) {
        let trimmed = Self.withoutTrailingSlashes(folder)
        guard SystemCall.exists(trimmed) else {
            try self.init(missing: trimmed)
            return
        }
        guard SystemCall.kind(ofPath: trimmed) == .folder, try SystemCall.names(inFolder: trimmed).isEmpty,
            let resolved = Self.resolved(trimmed)
        else { throw Self.alreadyExists("folder", folder, "It is not an empty folder") }
        guard resolved != Self.resolved(".") else {
            throw Self.alreadyExists(
                "folder", folder, "It is the folder that you are in, which would be replaced")
        }
        self.init(checked: resolved)
    }

    /// A file to be made: there is nothing of that name.
    ///
    /// Throws `AlreadyExists` where something stands there, `InvalidFile` where the folder around it is missing.
    init(file: String) throws(SgloradError) {
        guard !SystemCall.exists(file) else {
            throw Self.alreadyExists("file", file, "It would be overwritten")
        }
        try self.init(missing: file)
    }

    /// A path beside the destination, for what is not yet complete; a name of its own at every call.
    func temporaryPath() -> String {
        let number = String(UInt64.random(in: .min ... .max), radix: 16)
        return "\(parent)/.sglorad-\(number)"
    }

    private init(missing path: String) throws(SgloradError) {
        guard !path.isEmpty else { throw .invalidFile("''", "an empty path names no place to write to.") }
        let parent = Self.parent(of: path)
        guard SystemCall.kind(ofPath: parent) == .folder else {
            throw .invalidFile(
                path, "it cannot be written, because there is no folder '\(parent)'. Make it first.")
        }
        self.init(checked: path)
    }

    private init(checked path: String) {
        self.path = path
        parent = Self.parent(of: path)
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
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
            .alreadyExists, "'\(path)' exists already. \(why): name another \(kind).",
            parameters: ["kind": .string(kind), "name": .string(path)])
    }
}

internal import CLinux
public import ErrorModel
internal import Glibc

/// Paths as text, and the names that files get.
public enum Path {
    /// The path without its last component: "." for a bare name, "/" for a name in the root.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last component.
    public static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Sixteen random hexadecimal digits from the system's generator: 64 bits, so that no two files share a name.
    public static func uniqueName() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = String(generator.next(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A name for something incomplete beside its destination: hidden, and unlike any other.
    public static func temporaryName() -> String { ".sglorad-\(uniqueName())" }

    /// Whether a name denotes an entry of a folder itself and nothing outside it: 1 to 255 bytes, no slash, no NUL, and
    /// neither "." nor "..".
    public static func isPlainName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }

    /// Renames a file or folder; blocks.
    ///
    /// - Parameters:
    ///   - path: what is renamed.
    ///   - target: its new path, on the same file system.
    ///   - replacing: whether a file, or an empty folder, of that name is replaced.
    /// - Throws: `alreadyExists` where `replacing` is false and something has that name; else `storageFailure`.
    public static func rename(
        _ path: String, to target: String, replacing: Bool = true
    ) throws(SgloradError) {
        let remedy = "Check the owner and mode of the folder around it."
        if replacing {
            guard Glibc.rename(path, target) == 0 else {
                throw .system(target, "it cannot be renamed into place", remedy: remedy)
            }
            return
        }
        var isDone = sglorad_rename_new(path, target) == 0
        if !isDone, errno == EINVAL || errno == ENOSYS {
            // A file system without RENAME_NOREPLACE: the check and the rename are two steps there.
            errno = EEXIST
            isDone = FileKind(of: target, followingLinks: false) == nil && Glibc.rename(path, target) == 0
        }
        if isDone { return }
        guard errno == EEXIST else {
            throw .system(target, "it cannot be renamed into place", remedy: remedy)
        }
        throw SgloradError(
            .alreadyExists, "'\(target)' already exists and is not overwritten. Choose another name.",
            parameters: ["kind": .string("file"), "name": .string(target)])
    }
}

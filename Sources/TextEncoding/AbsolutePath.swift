#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A path from the root, without empty and "." components; symbolic links are left as they are.
func absolutePath(_ path: String) -> String {
    var full = path
    if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
        full = String(cString: current) + "/" + path
        free(current)
    }
    return "/" + full.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
}

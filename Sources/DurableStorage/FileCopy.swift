public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Copies files by descriptors.
public enum FileCopy {
    /// Appends the content of a file to an open descriptor; blocks.
    ///
    /// - Parameters:
    ///   - path: the file to read.
    ///   - descriptor: the destination, open for writing.
    ///   - name: what errors call the destination.
    public static func copy(_ path: String, to descriptor: Int32, name: String) throws(SgloradError) {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .system(path, "the file cannot be opened") }
        defer { close(source) }
        while true {
            let count = sendfile(descriptor, source, nil, 1 << 24)
            if count == 0 { return }
            if count < 0, errno != EINTR { throw .system(name, "writing failed") }
        }
    }
}

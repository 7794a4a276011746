internal import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A regular file mapped into memory, private and read-only, until the last reference goes.
///
/// The file must not be shortened while it is mapped: reading beyond its new end would end the process. The daemon
/// therefore maps its own, immutable copies only.
final class FileMapping: @unchecked Sendable {
    // Sendable: both fields are set once; the memory is mapped without the right to write and unmapped in deinit alone.
    let bytes: UnsafeRawBufferPointer

    /// Maps a file.
    ///
    /// - Parameters:
    ///   - path: where the file is; symbolic links are followed.
    ///   - displayName: what errors call it.
    /// - Throws: `invalidFile` if it cannot be opened, is not a regular file, or is empty.
    init(path: String, displayName: String) throws(SgloradError) {
        guard !path.utf8.contains(0) else { throw .invalidFile(displayName, "the path holds a NUL") }
        // O_NONBLOCK, so that a FIFO without a writer is refused below and not waited for.
        var descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        while descriptor < 0 && errno == EINTR { descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else {
            throw .invalidFile(displayName, "cannot be opened: \(errorText(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .invalidFile(displayName, "cannot be examined: \(errorText(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .invalidFile(displayName, "is not a regular file")
        }
        guard status.st_size > 0 else { throw .invalidFile(displayName, "is empty") }
        let size = Int(status.st_size)
        guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
            throw .invalidFile(displayName, "cannot be mapped into memory: \(errorText(errno))")
        }
        bytes = UnsafeRawBufferPointer(start: memory, count: size)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}

/// The system's text for an error number.
func errorText(_ number: CInt) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(number, &buffer, buffer.count - 1) == 0 else { return "error \(number)" }
    return buffer.withUnsafeBufferPointer { text in
        text.baseAddress.map { String(cString: $0) } ?? "error \(number)"
    }
}

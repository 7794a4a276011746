internal import ErrorModel
internal import Glibc
internal import LinearAlgebra

/// A regular file mapped into memory, private and read-only, until the last reference goes.
///
/// The file must not be shortened while it is mapped: reading beyond its new end would end the process. The daemon
/// therefore maps its own, immutable copies only.
final class FileMapping: MemoryOwner, @unchecked Sendable {
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

    /// Gives pages back; they are read from the file again where they are needed.
    ///
    /// Reading one page maps those around it too, 64 KiB at the most, so the stretch is widened to whole ones of these.
    func release(_ stretch: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, let first = stretch.baseAddress, stretch.count > 0 else {
            return
        }
        let window = 1 << 16
        let mapped = Int(bitPattern: start)
        let low = max(mapped, Int(bitPattern: first) / window * window)
        let high = min(
            mapped + bytes.count, (Int(bitPattern: first) + stretch.count + window - 1) / window * window)
        guard low < high, let address = UnsafeMutableRawPointer(bitPattern: low) else { return }
        // Advice: a system that does not take it keeps the pages, which is only slower.
        _ = madvise(address, high - low, MADV_DONTNEED)
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

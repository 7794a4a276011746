internal import CMappingGuard
public import ErrorModel
internal import Glibc
public import LinearAlgebra

/// A regular file, mapped into memory privately and read-only until the last reference is released.
///
/// Should the file be truncated while it is mapped, or the disk fail, what is lost reads as zeros: see ``MappedFiles``.
final class FileMapping: MemoryOwner, @unchecked Sendable {
    // Sendable: the field is set once; the memory is mapped without write access and unmapped only in deinit.
    let bytes: UnsafeRawBufferPointer
    /// Its number among the guarded mappings.
    private let guardNumber: Int32

    /// Maps a file.
    ///
    /// - Parameters:
    ///   - path: symbolic links are followed.
    ///   - displayName: the file's name in error messages.
    /// - Throws: `invalidFile` if the file cannot be opened, is not a regular file, or is empty.
    init(path: String, displayName: String) throws(SgloradError) {
        guard !path.utf8.contains(0) else {
            throw .invalidFile(displayName, "the path contains a NUL character")
        }
        // O_NONBLOCK: a FIFO without a writer is rejected below instead of blocking here.
        var descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        while descriptor < 0 && errno == EINTR { descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else {
            throw .invalidFile(displayName, "cannot be opened: \(errorText(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .invalidFile(displayName, "cannot be inspected: \(errorText(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .invalidFile(displayName, "is not a regular file")
        }
        guard status.st_size > 0 else {
            throw .invalidFile(displayName, "is empty; it was not saved or downloaded completely")
        }
        let size = Int(status.st_size)
        guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
            throw .invalidFile(displayName, "cannot be mapped into memory: \(errorText(errno))")
        }
        guardNumber = mapping_guard_add(memory, size)
        guard guardNumber >= 0 else {
            munmap(memory, size)
            throw .invalidFile(displayName, "cannot be mapped: too many files are mapped already")
        }
        bytes = UnsafeRawBufferPointer(start: memory, count: size)
    }

    /// Whether a part of the file was lost while it was mapped.
    var isDamaged: Bool { mapping_guard_is_damaged(guardNumber) }

    /// Releases pages, which are read from the file again on the next access.
    ///
    /// A page fault maps up to 64 KiB around the page, so the range is extended to multiples of that.
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
        // Only advice: if it fails, the pages stay resident, which is merely slower.
        _ = madvise(address, high - low, MADV_DONTNEED)
    }

    deinit {
        mapping_guard_remove(guardNumber)
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
}

extension FloatVector {
    /// Maps a whole file of numbers in native byte order, read-only, as long as the vector or a part of it is used.
    ///
    /// Blocks. What is lost while it is mapped reads as zeros: see ``MappedFiles``.
    ///
    /// - Parameters:
    ///   - path: symbolic links are followed.
    ///   - displayName: the file's name in error messages.
    /// - Throws: `invalidFile` if the file cannot be mapped, or is empty.
    public init(mapping path: String, displayName: String) throws(SgloradError) {
        let file = try FileMapping(path: path, displayName: displayName)
        let count = file.bytes.count / MemoryLayout<Float>.stride
        guard let start = file.bytes.baseAddress else { throw .invalidFile(displayName, "is empty") }
        self.init(
            borrowing: UnsafeBufferPointer(start: start.assumingMemoryBound(to: Float.self), count: count),
            owner: file)
    }
}

/// The system's description of an error number.
func errorText(_ number: CInt) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(number, &buffer, buffer.count - 1) == 0 else { return "error \(number)" }
    return buffer.withUnsafeBufferPointer { text in
        text.baseAddress.map { String(cString: $0) } ?? "error \(number)"
    }
}

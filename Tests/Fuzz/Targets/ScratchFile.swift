import Foundation

/// A file in memory, for parsers that take a path; only one thread may use it.
struct ScratchFile: Sendable {
    static let configuration = ScratchFile()
    static let weights = ScratchFile()

    var path: String { "/proc/self/fd/\(descriptor)" }
    private let descriptor: Int32

    private init() {
        var template = Array("/dev/shm/sgl-fuzz-XXXXXX\0".utf8CString)
        descriptor = mkstemp(&template)
        precondition(descriptor >= 0, "cannot create a file in /dev/shm")
        unlink(template)
    }

    /// Replaces the contents.
    func write(_ bytes: UnsafeRawBufferPointer) {
        let count = pwrite(descriptor, bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1), bytes.count, 0)
        precondition(count == bytes.count && ftruncate(descriptor, off_t(bytes.count)) == 0)
    }
}

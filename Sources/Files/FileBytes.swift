public import ErrorModel
internal import Glibc

/// Complete reads, writes and copies: short ones are continued, interrupted ones repeated.
///
/// Each call blocks on the disk.
public enum FileBytes {
    /// Appends bytes to an open file.
    ///
    /// - Parameters:
    ///   - bytes: what to append.
    ///   - descriptor: the file, open for writing.
    ///   - path: what errors call the file.
    /// - Throws: `storageFailure`.
    public static func append(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(SgloradError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(path, "the file cannot be written")
            }
            done += count
        }
    }

    /// Reads from an open file at its present position.
    ///
    /// - Parameters:
    ///   - count: how many bytes; fewer are returned only where the file ends before.
    ///   - descriptor: the file, open for reading.
    ///   - path: what errors call the file.
    /// - Throws: `invalidFile` where it cannot be read.
    public static func read(
        _ count: Int, from descriptor: Int32, path: String
    ) throws(SgloradError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: max(1, min(count, 1 << 16)))
        while bytes.count < count {
            let got = Glibc.read(descriptor, &buffer, min(buffer.count, count - bytes.count))
            if got > 0 {
                bytes += buffer[..<got]
            } else if got == 0 {
                break
            } else if errno != EINTR {
                throw .invalidFile(path, "it cannot be read: \(SgloradError.systemReason(errno)).")
            }
        }
        return bytes
    }

    /// Reads from a place of an open file, without moving its position.
    ///
    /// - Parameters:
    ///   - count: how many bytes; fewer are returned only where the file ends before.
    ///   - offset: the place of the first.
    ///   - descriptor: the file, open for reading.
    /// - Returns: nil where it cannot be read; `errno` then says why.
    public static func read(_ count: Int, at offset: Int, from descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
            }
            if got == 0 { break }
            if got > 0 { done += got } else if errno != EINTR { return nil }
        }
        bytes.removeLast(count - done)
        return bytes
    }

    /// Appends the content of a file to an open descriptor.
    ///
    /// - Parameters:
    ///   - path: the file to read.
    ///   - descriptor: the destination, open for writing.
    ///   - name: what errors call the destination.
    /// - Throws: `storageFailure` that names the side which failed.
    public static func copy(_ path: String, to descriptor: Int32, name: String) throws(SgloradError) {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .system(path, "the file cannot be opened") }
        defer { close(source) }
        while true {
            let count = sendfile(descriptor, source, nil, 1 << 24)
            if count == 0 { return }
            if count < 0, errno != EINTR { throw .system(name, "the file cannot be written") }
        }
    }
}

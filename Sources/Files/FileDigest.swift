internal import Crypto
public import ErrorModel
internal import FoundationEssentials
internal import Glibc

/// SHA-256 digests, in lower-case hexadecimal.
public enum FileDigest {
    /// The digest of a sequence of bytes.
    public static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        var hash = SHA256()
        hash.update(data: Data(bytes))
        return hexadecimal(hash.finalize())
    }

    /// The digest of a file, read in pieces of 256 KiB; blocks.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - isCancelled: checked before each piece is read; true ends the reading.
    /// - Throws: `storageFailure` if it cannot be read; `cancelled` where the reading was cancelled.
    public static func sha256(
        file path: String, isCancelled: () -> Bool = { false }
    ) throws(SgloradError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path, "the file cannot be opened") }
        defer { close(descriptor) }
        return try sha256(descriptor: descriptor, path: path, isCancelled: isCancelled)
    }

    /// The digest of an open file from its first byte; its position stays where it was.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - descriptor: the file, open for reading.
    ///   - path: what errors call the file.
    ///   - isCancelled: checked before each piece is read; true ends the reading.
    /// - Throws: `storageFailure` if it cannot be read; `cancelled` where the reading was cancelled.
    public static func sha256(
        descriptor: Int32, path: String, isCancelled: () -> Bool = { false }
    ) throws(SgloradError) -> String {
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var offset = 0
        while true {
            if isCancelled() { throw .cancelled("the digest of \(path) is no longer needed") }
            let count = pread(descriptor, &buffer, buffer.count, offset)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(path, "the file cannot be read")
            }
            if count == 0 { return hexadecimal(hash.finalize()) }
            buffer.withUnsafeBytes { bytes in
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            }
            offset += count
        }
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

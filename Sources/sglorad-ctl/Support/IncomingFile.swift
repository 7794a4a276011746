import ErrorModel
import FoundationEssentials
import Glibc

/// A file that is being written from the daemon's chunks, in order and never over anything that exists.
struct IncomingFile {
    /// Where it is written.
    private let path: String
    /// Where it will stand in the end, which is what errors name.
    private let name: String
    /// How many bytes have come.
    private(set) var bytes = 0
    private let descriptor: Int32

    /// Makes the file at `path`, which will become `name`; throws `StorageFailure` where it exists or cannot be made.
    init(path: String, name: String) throws(SgloradError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw SystemCall.failure(name, "cannot be made", errno) }
        self.path = path
        self.name = name
    }

    /// Appends a chunk in base64; throws `InvalidFile` where a chunk is not, or does not follow the last one.
    mutating func append(chunk: String, offset: Int, limit: Int = .max) throws(SgloradError) {
        guard let data = Data(base64Encoded: chunk) else {
            throw .invalidFile(name, "the daemon sent a chunk that is not base64.")
        }
        guard offset == bytes else {
            throw .invalidFile(name, "the daemon sent byte \(offset) where byte \(bytes) was due.")
        }
        guard data.count <= limit - bytes else {
            throw .invalidFile(name, "the daemon sent more than the \(limit) bytes that it announced.")
        }
        try SystemCall.write(Array(data), to: descriptor, path: name)
        bytes += data.count
    }

    /// Makes the file's bytes durable.
    func synchronise() throws(SgloradError) { try SystemCall.synchronise(descriptor, path: name) }

    /// Closes the file.
    func close() { _ = Glibc.close(descriptor) }

    /// Closes the file and removes it.
    func abandon() {
        close()
        unlink(path)
    }
}

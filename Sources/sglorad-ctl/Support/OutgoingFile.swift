import ControlProtocol
import ErrorModel
import FoundationEssentials
import Glibc

/// A file to be sent to the daemon: a regular file, opened with the caller's rights; symbolic links are followed.
struct OutgoingFile: Sendable {
    /// How many bytes go into one message; as base64 they are 4 MiB.
    static let chunkBytes = 3 << 20

    /// The name that the daemon learns, relative to the adapter's folder.
    let name: String
    /// Where the file lies.
    let path: String
    /// Its size when it was looked at.
    let bytes: Int

    /// Looks at a file; throws `InvalidFile` where it is missing, not a regular file, or cannot be read.
    init(name: String, path: String) throws(SgloradError) {
        self.name = name
        self.path = path
        let descriptor = try Self.opened(path)
        defer { close(descriptor) }
        bytes = try Self.size(descriptor, path)
    }

    /// Sends the file in chunks and returns its digest; `progress` learns how many bytes of it have gone.
    func upload(to client: Client, progress: (Int) -> Void = { _ in }) async throws -> Wire.UploadedFile {
        let descriptor = try Self.opened(path)
        defer { close(descriptor) }
        var upload: String?
        var sent = 0
        while true {
            let chunk = try SystemCall.read(descriptor, count: Self.chunkBytes, path: path)
            let isLast = chunk.count < Self.chunkBytes
            let reply = try await client.call(
                Methods.UploadFile.self,
                .init(upload: upload, chunk: Data(chunk).base64EncodedString(), last: isLast ? true : nil))
            upload = reply.upload
            sent += chunk.count
            progress(sent)
            guard isLast else { continue }
            guard let digest = reply.digest, reply.received == sent else {
                throw SgloradError.invalidFile(
                    path, "the daemon received \(reply.received) of \(sent) bytes; try again.")
            }
            return Wire.UploadedFile(name: name, digest: digest)
        }
    }

    /// Reads a small file whole; throws `InvalidFile` where it is longer than `limit` bytes.
    static func content(ofPath path: String, limit: Int) throws(SgloradError) -> [UInt8] {
        let descriptor = try opened(path)
        defer { close(descriptor) }
        let bytes = try SystemCall.read(descriptor, count: limit + 1, path: path)
        guard bytes.count <= limit else {
            throw .invalidFile(path, "it is longer than \(Format.bytes(limit)).")
        }
        return bytes
    }

    /// Opens a regular file.
    ///
    /// It is looked at before, because opening a device can have an effect, and after, because the name may have come to
    /// mean something else; a named pipe does not hold the open up.
    private static func opened(_ path: String) throws(SgloradError) -> Int32 {
        guard let kind = SystemCall.kind(ofPath: path) else {
            throw .invalidFile(path, "it cannot be read: \(SystemCall.reason(errno)).")
        }
        guard kind == .file else { throw notRegular(path, kind) }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .invalidFile(path, "it cannot be read: \(SystemCall.reason(errno)).")
        }
        do {
            _ = try size(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func size(_ descriptor: Int32, _ path: String) throws(SgloradError) -> Int {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else {
            throw .invalidFile(path, "it cannot be looked at: \(SystemCall.reason(errno)).")
        }
        let kind = FileKind(mode: information.st_mode)
        guard kind == .file else { throw notRegular(path, kind) }
        return Int(information.st_size)
    }

    private static func notRegular(_ path: String, _ kind: FileKind) -> SgloradError {
        .invalidFile(path, "it is a \(kind.rawValue), and a regular file is needed.")
    }
}

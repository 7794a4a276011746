internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import SgloradInterface
internal import Varlink

/// A regular file to be uploaded to the daemon, read with the caller's permissions; symbolic links are followed.
struct OutgoingFile: Sendable {
    /// The number of bytes per message: 3 MiB, which are 4 MiB in base64.
    static let chunkBytes = 3 << 20

    /// The name that the daemon receives, relative to the adapter's folder.
    let name: String
    /// The local path.
    let path: String
    /// The size when the file was checked.
    let bytes: Int

    /// Checks a file; throws `invalidFile` if it is missing, not a regular file, or unreadable.
    init(name: String, path: String) throws(SgloradError) {
        self.name = name
        self.path = path
        bytes = try ReadableFile(path).bytes
    }

    /// Uploads the file in chunks; `progress` receives the number of its bytes that were sent.
    ///
    /// Throws `invalidFile` if the file cannot be read, or if the daemon received another number of bytes.
    func upload(to client: VarlinkClient, progress: (Int) -> Void = { _ in }) async throws
        -> Wire.UploadedFile
    {
        let file = try ReadableFile(path)
        var upload: String?
        var sent = 0
        while true {
            let chunk = try file.read(Self.chunkBytes)
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
                    path, "the daemon received \(reply.received) of \(sent) bytes. Try again.")
            }
            return Wire.UploadedFile(name: name, digest: digest)
        }
    }

    /// Uploads bytes in chunks, and returns the digest that the daemon gives them.
    static func upload(_ bytes: [UInt8], to client: VarlinkClient) async throws -> String {
        var upload: String?
        var sent = 0
        while true {
            let end = min(sent + chunkBytes, bytes.count)
            let isLast = end == bytes.count
            let reply = try await client.call(
                Methods.UploadFile.self,
                .init(
                    upload: upload, chunk: Data(bytes[sent..<end]).base64EncodedString(),
                    last: isLast ? true : nil))
            upload = reply.upload
            sent = end
            guard isLast else { continue }
            guard let digest = reply.digest, reply.received == sent else {
                throw SgloradError.invalidFile(
                    "the header", "the daemon received \(reply.received) of \(sent) bytes. Try again.")
            }
            return digest
        }
    }

    /// Uploads files one after the other, with their total progress after the word `title`.
    static func upload(
        _ files: [OutgoingFile], to client: VarlinkClient, title: String
    ) async throws -> [Wire.UploadedFile] {
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        let total = files.reduce(0) { $0 + $1.bytes }
        var before = 0
        var uploaded: [Wire.UploadedFile] = []
        for file in files {
            uploaded.append(
                try await file.upload(to: client) { sent in
                    progress.show(title, bytes: before + sent, of: total)
                })
            before += file.bytes
        }
        return uploaded
    }

    /// Reads a small file completely; throws `invalidFile` if it is longer than `limit` bytes.
    static func content(ofPath path: String, limit: Int) throws(SgloradError) -> [UInt8] {
        let bytes = try ReadableFile(path).read(limit + 1)
        guard bytes.count <= limit else {
            throw .invalidFile(path, "it is longer than the limit of \(Format.bytes(limit)).")
        }
        return bytes
    }
}

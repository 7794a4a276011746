internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import SgloradInterface

/// A file that the daemon sends in base64 chunks, written under a temporary name or in a temporary folder.
///
/// It is removed when the value goes out of scope, unless it was kept or committed.
struct IncomingFile: ~Copyable {
    private let file: DurableFile
    /// The final path, which errors name.
    private let name: String
    /// The number of bytes received so far.
    private(set) var bytes = 0

    /// Wraps a new, empty file; errors call it `name`.
    init(_ file: consuming DurableFile, name: String) {
        self.file = file
        self.name = name
    }

    /// Appends a chunk.
    ///
    /// - Parameters:
    ///   - chunk: the bytes in base64.
    ///   - offset: the chunk's position, which must be the end of the previous one.
    ///   - limit: the size that the daemon announced.
    /// - Throws: `invalidFile` if the chunk is not base64, is out of order or exceeds the limit; `storageFailure`.
    mutating func append(chunk: String, offset: Int, limit: Int = .max) throws(SgloradError) {
        guard let data = Data(base64Encoded: chunk) else {
            throw .invalidFile(name, "the daemon sent a chunk that is not base64.")
        }
        guard offset == bytes else {
            throw .invalidFile(name, "the daemon sent a chunk for offset \(offset), expected \(bytes).")
        }
        guard data.count <= limit - bytes else {
            throw .invalidFile(name, "the daemon sent more than the announced \(limit) bytes.")
        }
        try file.write(Array(data))
        bytes += data.count
    }

    /// The SHA-256 digest of the bytes on disk, in lower-case hexadecimal.
    func digest() throws(SgloradError) -> String {
        try FileDigest.sha256(descriptor: file.descriptor, path: name)
    }

    /// Synchronises the file and leaves it in its temporary folder.
    consuming func keep() throws(SgloradError) { try file.keep() }

    /// Synchronises the file and renames it; throws `alreadyExists` rather than replace a file.
    consuming func commit(as path: String) throws(SgloradError) {
        try file.commit(as: path, replacing: false)
    }
}

extension IncomingFile {
    /// Writes a generator's file from the replies of ExportGenerator; it appears complete or not at all.
    ///
    /// - Returns: its size in bytes.
    /// - Throws: `invalidFile` if the replies are out of order or end early; `alreadyExists` if the destination was created
    ///   meanwhile; `storageFailure`.
    static func writeGenerator<Replies: AsyncSequence>(
        _ replies: Replies, to destination: ExportDestination, progress: (Int) -> Void = { _ in }
    ) async throws -> Int where Replies.Element == Methods.ExportGenerator.Reply {
        var file = IncomingFile(
            try DurableFile(
                in: destination.parent, temporaryName: Path.temporaryName(), mode: 0o666,
                reportedAs: destination.path), name: destination.path)
        var isComplete = false
        for try await reply in replies {
            try file.append(chunk: reply.chunk, offset: reply.offset)
            progress(file.bytes)
            isComplete = reply.last == true
        }
        guard isComplete else {
            throw SgloradError.invalidFile(
                destination.path, "the daemon sent only a part of the generator. Export it again.")
        }
        let bytes = file.bytes
        try file.commit(as: destination.path)
        return bytes
    }
}

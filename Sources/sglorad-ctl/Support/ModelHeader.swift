internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import SgloradInterface
internal import StrictGGUF
internal import Varlink

/// The header of a model's GGUF file, read with the caller's permissions; the rest of the file is only digested.
struct ModelHeader: Sendable {
    /// The file from its first byte to the end of the last tensor's entry.
    let bytes: [UInt8]
    /// The SHA-256 of the whole file.
    let digest: String
    /// The size of the whole file.
    let fileSize: Int
    /// Where the file is, absolute.
    let path: String

    /// How much is read at first; four times as much whenever the header is longer.
    private static let firstPart = 1 << 20

    /// Reads a file; throws `invalidFile` if it cannot be read, or is no sound GGUF file.
    init(path: String) throws(SgloradError) {
        let file = try ReadableFile(path)
        var start: [UInt8] = []
        var found: GGUFHeader?
        while found == nil {
            let part = try file.read(max(Self.firstPart, 3 * start.count))
            start += part
            found = try start.withUnsafeBufferPointer { (read) throws(SgloradError) in
                try GGUFHeader.reading(
                    UnsafeRawBufferPointer(read), ofFileWith: max(file.bytes, read.count), file: path)
            }
            guard found != nil || !part.isEmpty else {
                throw .invalidFile(path, "it became shorter while it was read. Try again.")
            }
        }
        bytes = Array(start[..<(found?.length ?? 0)])
        digest = try FileDigest.sha256(descriptor: file.descriptor, path: path)
        fileSize = file.bytes
        self.path = Self.absolute(path)
        guard try ReadableFile(path).bytes == fileSize else {
            throw .invalidFile(path, "it changed while it was read. Try again.")
        }
    }

    /// A path that does not depend on the working directory; symbolic links stay.
    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        return FileManager.default.currentDirectoryPath + "/" + rest
    }

    /// Uploads the header.
    func upload(to client: VarlinkClient) async throws -> Wire.UploadedModel {
        let uploaded = try await OutgoingFile.upload(bytes, to: client)
        return Wire.UploadedModel(header: uploaded, digest: digest, bytes: fileSize, path: path)
    }
}

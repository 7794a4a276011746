public import ErrorModel
internal import StrictGGUF

extension GGUFBase {
    /// Takes from the header of a model's file, which is alone in a file of its own, what adapters for the model need.
    ///
    /// - Parameters:
    ///   - path: the file with the header; nobody may truncate it meanwhile.
    ///   - fileSize: how many bytes the model's file has.
    ///   - digest: the SHA-256 of the model's file.
    ///   - displayName: what error messages call the model's file.
    /// - Throws: `invalidFile` as the other initialiser does, and if the file holds more than the header.
    public init(
        headerAt path: String, fileSize: Int, digest: String, displayName: String
    ) throws(SgloradError) {
        let mapping = try FileMapping(path: path, displayName: displayName)
        defer { withExtendedLifetime(mapping) {} }
        guard fileSize >= mapping.bytes.count else {
            throw .invalidFile(
                displayName,
                "is said to have \(fileSize) bytes, but its header alone has \(mapping.bytes.count)")
        }
        let header = try GGUFHeader(of: mapping.bytes, fileSize: fileSize, file: displayName)
        guard header.length == mapping.bytes.count else {
            throw .invalidFile(
                displayName,
                "was sent with \(mapping.bytes.count - header.length) bytes after its header; only the header is needed"
            )
        }
        try self.init(header, digest: digest, file: displayName)
    }
}

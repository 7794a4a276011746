public import ErrorModel
public import Files
internal import Glibc

/// Immutable files named by their SHA-256, each with a manifest from which its database row can be rebuilt.
///
/// A blob is durable before its manifest, and the manifest before the caller writes the row. The rows count the references: a
/// blob is removed when no row references it any more. Storing and removing block on the disk.
public struct BlobStore: Sendable {
    private let state: StateDirectory

    /// The blobs of a state directory.
    public init(_ state: StateDirectory) {
        self.state = state
    }

    /// The path of the blob of a digest, whether it exists or not.
    public func path(of digest: String) -> String {
        "\(state.blobs)/\(digest.prefix(2))/\(digest)"
    }

    /// The path of the blob's manifest.
    public func manifestPath(of digest: String) -> String {
        path(of: digest) + ".json"
    }

    /// Stores a file.
    ///
    /// - Parameters:
    ///   - write: writes the whole content to the open descriptor it is given.
    ///   - manifest: the manifest's content, given the blob's digest and size.
    /// - Returns: the blob's digest, and its size in bytes.
    /// - Throws: `storageFailure`, or what `write` throws; nothing is left behind then.
    public func store(
        write: (Int32) throws(SgloradError) -> Void, manifest: (String, Int) -> some Encodable
    ) throws(SgloradError) -> (digest: String, bytes: Int) {
        let file = try DurableFile(in: state.temporary)
        try write(file.descriptor)
        let digest = try FileDigest.sha256(descriptor: file.descriptor, path: file.temporaryPath)
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else {
            throw .system(file.temporaryPath, "the file's size cannot be read")
        }
        let bytes = Int(status.st_size)
        try Folder.make(Path.parent(of: path(of: digest)))
        let wasThere = access(path(of: digest), F_OK) == 0
        try file.commit(as: path(of: digest), synchronisingFolder: false)
        do {
            try writeManifest(manifest(digest, bytes), of: digest)
            try Folder.synchronise(state.blobs)
        } catch {
            // A blob that existed before belongs to another row.
            if !wasThere { remove(digest) }
            throw error
        }
        return (digest, bytes)
    }

    /// Writes the manifest of a blob that is stored.
    func writeManifest(_ manifest: some Encodable, of digest: String) throws(SgloradError) {
        try DurableFile.write(
            Manifest.encode(manifest), to: manifestPath(of: digest), temporary: state.temporary)
    }

    /// Removes a blob and its manifest; no row may reference it any more.
    public func remove(_ digest: String) {
        unlink(manifestPath(of: digest))
        unlink(path(of: digest))
    }
}

public import DurableStorage
public import ErrorModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Immutable files named by their SHA-256, each with a manifest from which its database row can be made again.
///
/// A blob's bytes are durable before its manifest, and the manifest before the caller writes the row.
public struct BlobStore: Sendable {
    private let state: StateDirectory

    /// The blobs of a state directory.
    public init(_ state: StateDirectory) {
        self.state = state
    }

    /// Where the blob of a digest is, or would be.
    public func path(of digest: String) -> String {
        "\(state.blobs)/\(digest.prefix(2))/\(digest)"
    }

    /// Where the blob's manifest is, or would be.
    public func manifestPath(of digest: String) -> String {
        path(of: digest) + ".json"
    }

    /// Stores a file.
    ///
    /// - Parameters:
    ///   - write: writes the whole content to the open descriptor it is given.
    ///   - manifest: what the manifest says, given the content's digest and size.
    /// - Returns: the content's digest, and how many bytes it has.
    public func store(
        write: (Int32) throws(SgloradError) -> Void, manifest: (String, Int) -> some Encodable
    ) throws(SgloradError) -> (digest: String, bytes: Int) {
        let file = try DurableFile(in: state.temporary)
        try write(file.descriptor)
        let digest = try FileDigest.sha256(descriptor: file.descriptor, path: file.temporaryPath)
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { throw .system(file.temporaryPath, "stat failed") }
        let bytes = Int(status.st_size)
        try StateDirectory.makeFolder(DurableFile.parent(of: path(of: digest)))
        let wasThere = access(path(of: digest), F_OK) == 0
        try file.commit(as: path(of: digest), synchronisingFolder: false)
        do {
            try DurableFile.write(
                Manifest.encode(manifest(digest, bytes)), to: manifestPath(of: digest),
                temporary: state.temporary)
            try DurableFile.synchronise(folder: state.blobs)
        } catch {
            // Content that was there before belongs to another row.
            if !wasThere { remove(digest) }
            throw error
        }
        return (digest, bytes)
    }

    /// Removes a blob and its manifest; the row must be gone before.
    public func remove(_ digest: String) {
        unlink(manifestPath(of: digest))
        unlink(path(of: digest))
    }
}

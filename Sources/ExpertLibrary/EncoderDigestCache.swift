public import ErrorModel
internal import GRDB

/// Remembers the digests of text encoders' files, which take long to compute.
///
/// An entry is valid for files of one fingerprint (their sizes and times); files of another fingerprint replace it. Losing an
/// entry costs only time.
public struct EncoderDigestCache: Sendable {
    let resources: LibraryResources

    /// The digest that was computed for files of this path and fingerprint; nil where none is remembered.
    ///
    /// - Throws: `storageFailure`.
    public func find(path: String, fingerprint: String) async throws(SgloradError) -> String? {
        try await resources.database.read { db in
            try EncoderDigestRow.filter(Column("path") == path && Column("fingerprint") == fingerprint)
                .fetchOne(db)?.digest
        }
    }

    /// Remembers a digest.
    ///
    /// - Throws: `storageFailure`.
    public func remember(_ digest: String, path: String, fingerprint: String) async throws(SgloradError) {
        try await resources.database.write { db in
            try EncoderDigestRow(path: path, fingerprint: fingerprint, digest: digest)
                .insert(db, onConflict: .replace)
        }
    }
}

/// A row of `encoderDigest`.
private struct EncoderDigestRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "encoderDigest"

    var path: String
    var fingerprint: String
    var digest: String
}

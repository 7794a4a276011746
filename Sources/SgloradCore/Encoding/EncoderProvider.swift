internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import TextEncoding

/// The text encoder with what identifies it.
struct LoadedEncoder: Sendable {
    let encoder: SentenceEncoder
    /// The folder it was loaded from.
    let folder: String
    /// The digest of all files that decide an embedding.
    let digest: String
}

/// Loads the text encoder when it is first needed, and again when an attempt failed: a folder that was missing may be there
/// by then.
actor EncoderProvider {
    private let folder: String?
    private let environment: [String: String]
    private let pool: ComputePool
    private let cache: ExpertCache
    private var loading: Task<Result<LoadedEncoder, SgloradError>, Never>?

    init(folder: String?, environment: [String: String], pool: ComputePool, cache: ExpertCache) {
        self.folder = folder
        self.environment = environment
        self.pool = pool
        self.cache = cache
    }

    /// The encoder.
    ///
    /// - Throws: `invalidModel` that says what is missing or unsupported.
    func loaded() async throws(SgloradError) -> LoadedEncoder {
        let task = loading ?? Task { await load() }
        loading = task
        let result = await task.value
        if case .failure = result, loading == task { loading = nil }
        return try result.get()
    }

    private func load() async -> Result<LoadedEncoder, SgloradError> {
        do throws(SgloradError) {
            let folder = try ModelLocator.locate(folder, environment: environment)
            let encoder = try await pool.run { () throws(SgloradError) in try SentenceEncoder(folder: folder)
            }
            return .success(
                LoadedEncoder(encoder: encoder, folder: folder, digest: try await digest(of: encoder)))
        } catch {
            return .failure(error)
        }
    }

    /// Hashing 90 MB takes a while; it is done anew only where a file's size or times have changed.
    private func digest(of encoder: SentenceEncoder) async throws(SgloradError) -> String {
        let files = encoder.filesOfDigest
        let (path, fingerprint) = (
            files.joined(separator: "\n"), files.map(Self.fingerprint).joined(separator: "\n")
        )
        if let known = try await cache.encoderDigest(path: path, fingerprint: fingerprint) { return known }
        let digest = try await pool.run { () throws(SgloradError) -> String in
            var parts = ""
            for file in files {
                let name = file.split(separator: "/").suffix(2).joined(separator: "/")
                parts += "\(name) \(try FileDigest.sha256(file: file))\n"
            }
            return FileDigest.sha256(parts.utf8)
        }
        try await cache.remember(encoderDigest: digest, path: path, fingerprint: fingerprint)
        return digest
    }

    private static func fingerprint(_ path: String) -> String {
        let attributes = (try? FileManager.default.attributesOfItem(atPath: path)) ?? [:]
        let size = (attributes[.size] as? NSNumber)?.int64Value ?? -1
        let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        let inode = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
        return "\(size) \(changed) \(inode)"
    }
}

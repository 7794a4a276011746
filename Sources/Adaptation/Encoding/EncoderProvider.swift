internal import AdapterFormats
package import ErrorModel
package import Executors
package import ExpertLibrary
internal import Files
internal import Foundation
internal import Storage
package import TextEncoding

/// The loaded text encoder with its folder and digest.
package struct LoadedEncoder: Sendable {
    package let encoder: SentenceEncoder
    /// The folder it was loaded from.
    package let folder: String
    /// The digest of all files that affect an embedding, and of the precision unless it is `f32`: embeddings of two
    /// encoders with the same digest may be compared.
    package let digest: String
}

/// Loads the text encoder on first use, and retries after a failure, since a missing folder may exist by
/// then.
package actor EncoderProvider {
    private let folder: String?
    private let precision: EncoderPrecision
    private let environment: [String: String]
    private let pool: ComputePool
    private let store: LibraryStore
    private var loading: Task<Result<LoadedEncoder, SgloradError>, Never>?
    /// The files of the loaded encoder; nil before it is loaded.
    private var files: MappedBlobs?
    /// Looks at those files, so that the cooperative threads do not wait for the disk.
    private let looking = FileExecutor(label: "io.sglorad.encoder")

    package init(
        folder: String?, precision: EncoderPrecision = .standard, environment: [String: String],
        pool: ComputePool, store: LibraryStore
    ) {
        self.folder = folder
        self.precision = precision
        self.environment = environment
        self.pool = pool
        self.store = store
    }

    /// The encoder, loaded if necessary; concurrent callers share one load.
    ///
    /// - Throws: `invalidModel`, which says what is missing or unsupported.
    package func loaded() async throws(SgloradError) -> LoadedEncoder {
        if let files, await !looking.run({ files.areUnchanged }), self.files?.prints == files.prints {
            // A mapped file was truncated or replaced: the numbers in memory are no longer those that were loaded.
            loading = nil
            self.files = nil
        }
        let task = loading ?? Task { await load() }
        loading = task
        let result = await task.value
        if case .failure = result, loading == task { loading = nil }
        return try result.get()
    }

    private func load() async -> Result<LoadedEncoder, SgloradError> {
        do throws(SgloradError) {
            let folder = try ModelLocator.locate(folder, environment: environment)
            let precision = precision
            let encoder = try await pool.run { () throws(SgloradError) in
                try SentenceEncoder(folder: folder, precision: precision)
            }
            let paths = encoder.filesOfDigest
            files = await looking.run { MappedBlobs(paths: paths) }
            return .success(
                LoadedEncoder(
                    encoder: encoder, folder: folder,
                    digest: Self.digest(try await digest(of: encoder), precision)))
        } catch {
            return .failure(error)
        }
    }

    /// The digest of the encoder's files.
    ///
    /// Hashing 90 MB is slow, so it is cached until a file's size, time or inode changes.
    private func digest(of encoder: SentenceEncoder) async throws(SgloradError) -> String {
        let files = encoder.filesOfDigest
        let (path, fingerprint) = (
            files.joined(separator: "\n"), files.map(Self.fingerprint).joined(separator: "\n")
        )
        if let known = try await store.encoderDigests.find(path: path, fingerprint: fingerprint) {
            return known
        }
        let digest = try await pool.run { () throws(SgloradError) -> String in
            var parts = ""
            for file in files {
                let name = file.split(separator: "/").suffix(2).joined(separator: "/")
                parts += "\(name) \(try FileDigest.sha256(file: file))\n"
            }
            return FileDigest.sha256(parts.utf8)
        }
        try await store.encoderDigests.remember(digest, path: path, fingerprint: fingerprint)
        return digest
    }

    /// The digest of the files and a precision; that of the files alone for `f32`, in which an encoder computed before
    /// there was a choice.
    private static func digest(_ files: String, _ precision: EncoderPrecision) -> String {
        precision == .float32 ? files : FileDigest.sha256("\(files) \(precision.rawValue)\n".utf8)
    }

    private static func fingerprint(_ path: String) -> String {
        let attributes = (try? FileManager.default.attributesOfItem(atPath: path)) ?? [:]
        let size = (attributes[.size] as? NSNumber)?.int64Value ?? -1
        let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        let inode = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
        return "\(size) \(changed) \(inode)"
    }
}

/// Finds the text encoder's folder.
enum ModelLocator {
    /// The folder's name in the searched places.
    static let folderName = "all-MiniLM-L6-v2"

    /// The configured folder, or the first that exists in `~/.cache/sglorad` and `/usr/share/sglorad`.
    ///
    /// - Throws: `invalidModel`, which names the searched places and the remedy.
    static func locate(_ named: String?, environment: [String: String]) throws(SgloradError) -> String {
        if let named { return named }
        let home =
            environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
            ?? environment["HOME"].map { $0 + "/.cache" }
        let places = [home.map { "\($0)/sglorad" }, "/usr/share/sglorad"].compactMap { $0 }
            .map { "\($0)/\(folderName)" }
        for place in places where FileManager.default.fileExists(atPath: place + "/config.json") {
            return place
        }
        throw .invalidModel(
            folderName,
            "it was not found in \(places.joined(separator: " or ")). Name its folder with --model or the "
                + "key 'model', or fetch it with 'make model'.")
    }
}

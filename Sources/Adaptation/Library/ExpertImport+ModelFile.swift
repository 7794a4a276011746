internal import AdapterFormats
package import ErrorModel
internal import Executors
package import ExpertLibrary
internal import Logging

/// The header of a base model's GGUF file, which was uploaded, and what its sender says of the whole file.
package struct UploadedModel: Sendable, Hashable {
    /// The digest of the uploaded header.
    let header: String
    /// The SHA-256 of the whole file.
    let digest: String
    /// The size of the whole file.
    let bytes: Int
    /// Where the file is, as model servers are to open it; nil if its sender does not say.
    let path: String?

    package init(header: String, digest: String, bytes: Int, path: String? = nil) {
        self.header = header
        self.digest = digest
        self.bytes = bytes
        self.path = path
    }
}

extension ExpertImport {
    /// Makes the GGUF file of a known base known, or another one in its place.
    ///
    /// - Returns: the base with it, and the digest of the file that it replaced, if that was another.
    /// - Throws: `unknownBase`; `invalidRequest`; `notFound` for a header that was not uploaded; `invalidFile`;
    ///   `layoutMismatch` if the model does not have the base's sites; `storageFailure`.
    package func setModel(
        _ model: UploadedModel, of name: String, from caller: Caller
    ) async throws(SgloradError) -> (base: BaseRecord, replaced: String?) {
        let file = try await read(model, of: caller)
        let (before, after) = try await store.changes.pass {
            () async throws(SgloradError) -> (BaseRecord, BaseRecord) in
            let before = try await snapshots.base(named: name)
            try file.requireSites(of: before.layout)
            guard let after = try await store.bases.setModelFile(file, at: model.path, of: before.name) else {
                throw .unknownBase(name, known: try await store.bases.all().map(\.name))
            }
            return (before, after)
        }
        await snapshots.invalidate(after.name, keepingExperts: true)
        await uploads.discard([model.header], of: caller.uid)
        publication.lookAgain()
        logger.info(
            "the GGUF file of a base is known",
            metadata: ["base": "\(after.name)", "architecture": "\(file.architecture.rawValue)"])
        let replaced = before.modelFile?.digest
        return (after, replaced == file.digest ? nil : replaced)
    }

    /// Reads an uploaded header strictly.
    func read(_ model: UploadedModel, of caller: Caller) async throws(SgloradError) -> GGUFBase {
        let digits = Set("0123456789abcdef".utf8)
        guard model.digest.utf8.count == 64, model.digest.utf8.allSatisfy(digits.contains) else {
            throw .invalidRequest(
                field: "modelFile",
                reason: "has a digest that is no SHA-256 in 64 lower-case hexadecimal digits")
        }
        if let path = model.path {
            guard path.hasPrefix("/"), path.utf8.count < 4096, !path.holdsControlCharacter else {
                throw .invalidRequest(
                    field: "modelFile",
                    reason: "has a path that is not absolute, or holds a control character")
            }
        }
        let path = try await uploads.path(of: model.header, for: caller.uid)
        return try await pool.run { () throws(SgloradError) in
            try GGUFBase(
                headerAt: path, fileSize: model.bytes, digest: model.digest, displayName: "the GGUF file")
        }
    }
}

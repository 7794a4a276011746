package import AdapterFormats
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
    /// Makes the GGUF file of a known base known, the form of its prompts, or both; each in place of what was known.
    ///
    /// - Returns: the base with it, and the digest of the file that was replaced, if that was another.
    /// - Throws: `unknownBase`; `invalidRequest`; `notFound` for a header that was not uploaded; `invalidFile`;
    ///   `layoutMismatch` if the model does not have the base's sites; `storageFailure`.
    package func describe(
        _ name: String, model: UploadedModel?, promptForm: PromptForm?, from caller: Caller
    ) async throws(SgloradError) -> (base: BaseRecord, replaced: String?) {
        var read: GGUFBase?
        if let model { read = try await self.read(model, of: caller) }
        let file = read
        let (before, after) = try await store.changes.pass {
            () async throws(SgloradError) -> (BaseRecord, BaseRecord) in
            let before = try await snapshots.base(named: name)
            try file?.requireSites(of: before.layout)
            let after = try await store.bases.describe(
                before.name, modelFile: file, at: model?.path, promptForm: promptForm)
            guard let after else {
                throw .unknownBase(name, known: try await store.bases.all().map(\.name))
            }
            return (before, after)
        }
        await snapshots.invalidate(after.name, keepingExperts: true)
        if let model { await uploads.discard([model.header], of: caller.uid) }
        publication.lookAgain()
        logger.info(
            "a base is described",
            metadata: [
                "base": "\(after.name)",
                "architecture": "\(after.modelFile?.architecture.rawValue ?? "unknown")",
                "prompt": "\(after.promptForm == nil ? "unknown" : "known")",
            ])
        let replaced = before.modelFile?.digest
        return (after, replaced == after.modelFile?.digest ? nil : replaced)
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

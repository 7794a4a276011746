package import AdapterFormats
package import ErrorModel
internal import Executors
package import ExpertLibrary
internal import Files
internal import Foundation
internal import Logging
internal import LowRank
internal import TextEncoding

/// An uploaded file: its name relative to the adapter's folder, and its digest.
package struct UploadedFile: Sendable, Hashable {
    let name: String
    let digest: String

    package init(name: String, digest: String) {
        self.name = name
        self.digest = digest
    }
}

/// Imports trained adapters, as experts of a library or as the template of a new base.
///
/// What can be done outside comes first: reading and checking the adapter, and embedding its description. Then imports pass
/// `LibraryStore.changes` one at a time, because each may raise the rank of all experts. A change is prepared
/// (`ExpertPreparation`) and then applied in one transaction if the library is still as it was (`ExpertStore.apply(_:)`).
package struct ExpertImport: Sendable {
    /// A request to import an expert.
    package struct Order: Sendable {
        package let name: String
        /// The task in plain words.
        package let description: String
        /// The base model's name; nil for the one that adapter_config.json names.
        package let base: String?
        /// Whether the base may be a new one although its sites resemble those of a known model.
        package let mayBeNewBase: Bool
        let files: [UploadedFile]

        package init(
            name: String, description: String, base: String?, mayBeNewBase: Bool = false,
            files: [UploadedFile]
        ) {
            self.name = name
            self.description = description
            self.base = base
            self.mayBeNewBase = mayBeNewBase
            self.files = files
        }
    }

    /// The outcome of an import.
    package enum Outcome: Sendable {
        /// The same expert was already in the library.
        case unchanged(ExpertRecord)
        /// The expert was added to the library.
        case imported(LibraryChange)
    }

    /// The outcome of an import, and what its sender should know.
    package struct Receipt: Sendable {
        package let outcome: Outcome
        /// The checkpoints that were left out.
        package let omissions: [(name: String, reason: String)]
        /// Sentences about what was taken otherwise than it stands in the files.
        package let notes: [String]
    }

    /// The maximum number of files in an adapter's folder.
    private static let filesLimit = 2 * 4096
    /// How often an import is prepared again after the library has changed under it, as by a repair.
    private static let attempts = 16

    let store: LibraryStore
    let encoders: EncoderProvider
    let snapshots: LibrarySnapshots
    let uploads: UploadStore
    let pool: ComputePool
    let publication: Publication
    let logger: Logger

    /// Imports an expert; creates its base if it is the first.
    ///
    /// - Throws: `invalidRequest`; `notFound` for a file that was not uploaded; `invalidFile`;
    ///   `unsupportedAdapter`; `layoutMismatch`; `alreadyExists`; `busy`; `storageFailure`.
    package func run(_ order: Order, from caller: Caller) async throws(SgloradError) -> Receipt {
        try Self.check(name: order.name, field: "name")
        let description = order.description
        guard description.contains(where: { !$0.isWhitespace }), description.utf8.count <= Intent.textLimit
        else {
            throw .invalidRequest(
                field: "description",
                reason: "must be 1 to \(Intent.textLimit) bytes that describe the task in words")
        }
        let encoder = try await encoders.loaded()
        let folder = try await folder(order.files, of: caller)
        guard let asked = order.base ?? folder.template.baseModelName else { throw Self.missingBase }
        try Self.check(name: asked, field: "base")
        let encoding = try await pool.run { () throws(SgloradError) in
            try DeadAdapter.check(folder)
            return try encoder.encoder.encode(description)
        }
        let (outcome, notes) = try await store.changes.pass {
            () async throws(SgloradError) -> (Outcome, [String]) in
            let target = try await target(asked, mayBeNew: order.mayBeNewBase, folder, encoder.encoder)
            let known = try await store.bases.find(target.name)
            let digest = order.digest(base: target.name)
            let digests = [target.name] + (known?.base.formerNames ?? [])
            if let namesake = try await store.experts.find(order.name, base: target.name),
                digests.map(order.digest).contains(namesake.digest)
            {
                return (.unchanged(namesake), target.notes)
            }
            let expert = ExpertRecord(
                base: target.name, name: order.name, description: description, digest: digest,
                encoder: encoder.digest, embedding: encoding.embedding,
                descriptionTruncated: encoding.truncated, importedAt: Date())
            let fresh = try BaseRecord(name: target.name, of: folder)
            let change = try await apply(
                expert, ExpertPreparation(store: store, folder: folder), fresh: fresh)
            // The others stay as they are unless the rank rises or the library begins anew.
            await snapshots.invalidate(target.name, keepingExperts: !change.raisesRank && !change.beginsAnew)
            return (.imported(change), target.notes)
        }
        await uploads.discard(order.files.map(\.digest), of: caller.uid)
        if case .imported(let change) = outcome {
            logger.info(
                "expert imported",
                metadata: [
                    "expert": "\(change.expert.name)", "base": "\(change.after.name)",
                    "rank": "\(change.after.layout.rank)", "foreign": "\(change.expert.isForeign)",
                ])
        }
        return Receipt(
            outcome: outcome, omissions: folder.omissions.map { ($0.name, $0.reason) },
            notes: notes + folder.notes + outcome.notes)
    }

    /// Adds a base model with the layout of an adapter.
    ///
    /// - Parameters:
    ///   - name: the new base's.
    ///   - files: the adapter's.
    ///   - model: the base's own GGUF file, if it is to be known.
    ///   - promptForm: the form of its prompts, if it is to be known.
    ///   - caller: who sent the files.
    /// - Throws: as ``run(_:from:)``; `alreadyExists` if the name is taken.
    package func addBase(
        _ name: String, files: [UploadedFile], model: UploadedModel? = nil, promptForm: PromptForm? = nil,
        from caller: Caller
    ) async throws(SgloradError) -> BaseRecord {
        try Self.check(name: name, field: "name")
        let folder = try await folder(files, of: caller)
        var made = try BaseRecord(name: name, of: folder)
        made.promptForm = promptForm
        if let model {
            let file = try await read(model, of: caller)
            try file.requireSites(of: made.layout)
            made.modelFile = file
            made.modelPath = model.path
        }
        let base = made
        let encoder = try? await encoders.loaded().encoder
        try await store.changes.pass { () async throws(SgloradError) in
            let bases = try await store.bases.populations()
            if let known = BaseName.find(name, in: bases.map(\.base)) { throw .baseExists(known.name) }
            try ImportTarget.refuseResemblance(
                ImportTarget.Question(
                    name: name, mayBeNew: false, folder: folder,
                    encoder: encoder.map { ($0.name, $0.linearSites) }, bases: bases))
            guard try await store.bases.insert(base) else { throw .baseExists(name) }
        }
        await uploads.discard(files.map(\.digest) + [model?.header].compactMap { $0 }, of: caller.uid)
        return base
    }

    /// The base that an import is for.
    private func target(
        _ name: String, mayBeNew: Bool, _ folder: PEFTFolder, _ encoder: SentenceEncoder
    ) async throws(SgloradError) -> ImportTarget {
        let bases = try await store.bases.populations()
        return try await pool.run { () throws(SgloradError) in
            try ImportTarget(
                ImportTarget.Question(
                    name: name, mayBeNew: mayBeNew, folder: folder,
                    encoder: (encoder.name, encoder.linearSites), bases: bases))
        }
    }

    /// Applies the change that adds an expert; prepares it again if the library has changed meanwhile.
    private func apply(
        _ expert: ExpertRecord, _ preparation: ExpertPreparation, fresh: BaseRecord
    ) async throws(SgloradError) -> LibraryChange {
        var needsOthers = false
        for _ in 0..<Self.attempts {
            let library = needsOthers ? try await store.bases.library(fresh.name) : nil
            let known =
                if let library { (base: library.base, hasExperts: !library.experts.isEmpty) } else {
                    try await store.bases.find(fresh.name)
                }
            let (change, obstacle) = try await pool.run { () throws(SgloradError) in
                preparation.change(for: expert, in: known, others: library?.experts, fresh: fresh)
            }
            do throws(SgloradError) {
                switch obstacle {
                case nil: break
                case .failure(let failure): throw failure.naming(preparation.folder.names, change.after)
                case .needsOthers:
                    needsOthers = true
                    await store.experts.discard(change)
                    continue
                }
                if try await store.experts.apply(change) { return change }
            } catch {
                await store.experts.discard(change)
                throw error
            }
            await store.experts.discard(change)
        }
        throw SgloradError(
            .busy, "The library of '\(fresh.name)' keeps changing. Try again.",
            parameters: ["retryAfter": .double(1), "reason": .string("the library is being changed")])
    }

    /// Reads uploaded files as an adapter's folder.
    private func folder(_ files: [UploadedFile], of caller: Caller) async throws(SgloradError) -> PEFTFolder {
        guard files.count <= Self.filesLimit else {
            throw .invalidRequest(field: "files", reason: "names more than \(Self.filesLimit) files")
        }
        var paths: [String: String] = [:]
        for file in files {
            guard PEFTFolder.isRelevant(file.name) else {
                throw .invalidRequest(
                    field: "files",
                    reason: "names '\(file.name)', which is not a file of a PEFT adapter's folder")
            }
            let path = try await uploads.path(of: file.digest, for: caller.uid)
            guard paths.updateValue(path, forKey: file.name) == nil else {
                throw .invalidRequest(field: "files", reason: "names '\(file.name)' twice")
            }
        }
        let named = paths
        let read = try await pool.run { () throws(SgloradError) in try PEFTFolder.read(files: named) }
        return try await withoutSitesBeside(read)
    }

    /// The adapter without the sites that do not bear on an embedding, if it is one of the text encoder: its library
    /// then takes adapters with and without them.
    ///
    /// A library that has them already keeps them.
    private func withoutSitesBeside(_ folder: PEFTFolder) async throws(SgloradError) -> PEFTFolder {
        let beside = try await encoders.loaded().encoder.sitesBeside(
            folder.checkpoints.first?.factors.map(\.site) ?? [])
        guard !beside.isEmpty else { return folder }
        let known = try await store.bases.all()
        guard !known.contains(where: { $0.layout.sites.contains { beside.contains($0.path) } }) else {
            return folder
        }
        logger.info(
            "sites that do not bear on an embedding are passed over",
            metadata: ["sites": "\(beside.sorted().joined(separator: ", "))"])
        return folder.omitting(beside)
    }

    private static var missingBase: SgloradError {
        .invalidRequest(
            field: "base",
            reason: "is missing, and adapter_config.json names no base model. Name one with --base")
    }

    /// Checks a name, which must be short and printable because it appears in tables, logs and messages.
    static func check(name: String, field: String) throws(SgloradError) {
        let printable = name.unicodeScalars.allSatisfy { !CharacterSet.controlCharacters.contains($0) }
        guard (1...256).contains(name.utf8.count), printable, name.first?.isWhitespace == false,
            name.last?.isWhitespace == false
        else {
            throw .invalidRequest(
                field: field, reason: "must be 1 to 256 printable bytes, without white space at either end")
        }
    }
}

extension ExpertImport.Order {
    /// The expert's digest: over base, name, description and the files' digests.
    fileprivate func digest(base: String) -> String {
        let lines =
            [base, name, description] + files.sorted { $0.name < $1.name }.map { "\($0.name) \($0.digest)" }
        return FileDigest.sha256(lines.map { "\($0.utf8.count):\($0)\n" }.joined().utf8)
    }
}

extension PEFTFolder {
    /// What was taken otherwise than it stands in the files.
    fileprivate var notes: [String] {
        var notes: [String] = []
        if let adapter = checkpoints.first?.name, !adapter.isEmpty {
            notes.append(
                "The folder has no weights of its own; its last checkpoint, \(adapter), was taken as the adapter."
            )
        }
        if !names.wrappers.isEmpty {
            notes.append(
                "The sites' names were freed of what training tools add to them: "
                    + "\(names.wrappers.joined(separator: ", ")).")
        }
        return notes
    }
}

extension ExpertImport.Outcome {
    fileprivate var notes: [String] {
        guard case .imported(let change) = self, change.beginsAnew else { return [] }
        return [
            "The library of '\(change.after.name)' was empty, so it began anew with this adapter's sites."
        ]
    }
}

extension BaseRecord {
    /// A new base with the layout and template of an adapter's folder.
    fileprivate init(name: String, of folder: PEFTFolder) throws(SgloradError) {
        var template = folder.template
        template.baseModelName = template.baseModelName ?? name
        self.init(
            name: name, layout: try AdapterLayout(of: folder.checkpoints.first?.factors ?? []),
            template: template, createdAt: Date())
    }
}

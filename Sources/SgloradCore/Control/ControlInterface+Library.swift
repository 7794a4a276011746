internal import AdapterFormats
internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import Logging
internal import LowRank
internal import TextEncoding

extension ControlInterface {
    func addBase(
        _ parameters: Methods.AddBase.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.AddBase.Reply {
        try Self.check(name: parameters.name, field: "name")
        let folder = try await folder(parameters.files, call)
        let base = try BaseRecord(name: parameters.name, of: folder)
        guard try await cache.insert(base) else {
            throw SgloradError(
                .alreadyExists, "There is a base '\(base.name)' already. Choose another name.",
                parameters: ["kind": .string("base"), "name": .string(base.name)])
        }
        await uploads.discard(parameters.files.map(\.digest), uid: call.peer.uid)
        return Methods.AddBase.Reply(base: try await wire(base))
    }

    func listBases(
        _ parameters: Methods.ListBases.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.ListBases.Reply {
        var bases: [Wire.Base] = []
        for base in try await cache.bases() { bases.append(try await wire(base)) }
        return Methods.ListBases.Reply(bases: bases)
    }

    func uploadFile(
        _ parameters: Methods.UploadFile.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.UploadFile.Reply {
        guard let chunk = Data(base64Encoded: parameters.chunk) else {
            throw SgloradError.invalidRequest(field: "chunk", reason: "is not base64")
        }
        let result = try await uploads.receive(
            chunk, upload: parameters.upload, last: parameters.last ?? false, uid: call.peer.uid,
            connection: call.connection)
        return Methods.UploadFile.Reply(
            upload: result.upload, received: result.received, digest: result.digest)
    }

    func importExpert(
        _ parameters: Methods.ImportExpert.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.ImportExpert.Reply {
        try Self.check(name: parameters.name, field: "name")
        let description = parameters.description
        guard description.contains(where: { !$0.isWhitespace }),
            description.utf8.count <= IntentValidation.textLimit
        else {
            throw SgloradError.invalidRequest(
                field: "description",
                reason: "must be 1 to \(IntentValidation.textLimit) bytes that say the task in words")
        }
        let encoder = try await encoders.loaded()
        let folder = try await folder(parameters.files, call)
        let name = try parameters.base ?? folder.template.baseModelName ?? Self.missingBase()
        try Self.check(name: name, field: "base")
        let fresh = try BaseRecord(name: name, of: folder)
        let digest = Self.digest(parameters, base: name)
        if let same = try await cache.experts(base: name).first(where: {
            $0.name == parameters.name && $0.digest == digest
        }) {
            await uploads.discard(parameters.files.map(\.digest), uid: call.peer.uid)
            return Methods.ImportExpert.Reply(expert: Wire.Expert(same), unchanged: true)
        }
        let expert = try await pool.run { () throws(SgloradError) -> ExpertRecord in
            let encoding = try encoder.encoder.encode(description)
            return ExpertRecord(
                base: name, name: parameters.name, description: description, digest: digest,
                encoder: encoder.digest,
                embedding: encoding.embedding, descriptionTruncated: encoding.truncated, importedAt: Date())
        }
        let change = try await takeIn(expert, ExpertIntake(cache: cache, folder: folder), fresh: fresh)
        await libraries.invalidate(name)
        await uploads.discard(parameters.files.map(\.digest), uid: call.peer.uid)
        logger.info(
            "expert imported",
            metadata: [
                "expert": "\(change.expert.name)", "base": "\(name)", "rank": "\(change.after.layout.rank)",
                "foreign": "\(change.expert.isForeign)",
            ])
        return Methods.ImportExpert.Reply(
            expert: Wire.Expert(change.expert), baseCreated: change.before == nil ? true : nil,
            raisedRank: change.raisesRank ? change.after.layout.rank : nil)
    }

    /// Makes the change that an expert is, again where another import came between.
    private func takeIn(
        _ expert: ExpertRecord, _ intake: ExpertIntake, fresh: BaseRecord
    ) async throws -> LibraryChange {
        for _ in 0..<16 {
            let known = try await cache.library(fresh.name)
            let (change, failure) = try await pool.run { () throws(SgloradError) in
                intake.change(for: expert, in: known, fresh: fresh)
            }
            do {
                if let failure { throw failure }
                if try await cache.apply(change) { return change }
            } catch {
                await cache.discard(change)
                throw error
            }
            await cache.discard(change)
        }
        throw SgloradError(
            .busy, "Other imports keep changing the library of '\(fresh.name)'. Try again.",
            parameters: ["retryAfter": .double(1), "reason": .string("the library is being changed")])
    }

    func listExperts(
        _ parameters: Methods.ListExperts.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.ListExperts.Reply {
        if let base = parameters.base { _ = try await libraries.base(named: base) }
        return Methods.ListExperts.Reply(
            experts: try await cache.experts(base: parameters.base).map(Wire.Expert.init))
    }

    func getExpert(
        _ parameters: Methods.GetExpert.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.GetExpert.Reply {
        let expert = try await expert(parameters.name, base: parameters.base)
        let generators = try await cache.generators(base: expert.base).filter {
            $0.experts.contains(expert.digest)
        }
        return Methods.GetExpert.Reply(
            expert: Wire.Expert(expert), checkpointNames: expert.checkpoints, meanNorm: expert.meanNorm,
            deviation: expert.deviation, alignment: expert.alignment, generators: generators.map(\.id))
    }

    func removeExpert(
        _ parameters: Methods.RemoveExpert.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.RemoveExpert.Reply {
        let expert = try await expert(parameters.name, base: parameters.base)
        guard try await cache.removeExpert(expert.name, base: expert.base) else {
            throw Self.noExpert(parameters.name)
        }
        await libraries.invalidate(expert.base)
        let generators = try await cache.generators(base: expert.base).filter {
            $0.experts.contains(expert.digest)
        }
        let removed =
            parameters.derived == true ? try await cache.removeAdapters(guidedBy: expert.digest) : []
        logger.info("expert removed", metadata: ["expert": "\(expert.name)", "base": "\(expert.base)"])
        return Methods.RemoveExpert.Reply(
            expert: Wire.Expert(expert), disabledGenerators: generators.map(\.id), removedAdapters: removed)
    }

    private func expert(_ name: String, base: String?) async throws -> ExpertRecord {
        let base = try await libraries.base(named: base)
        guard let found = try await cache.experts(base: base.name).first(where: { $0.name == name }) else {
            throw Self.noExpert(name)
        }
        return found
    }

    private static func noExpert(_ name: String) -> SgloradError {
        .notFound("expert", name, remedy: "'sglorad-ctl expert list' shows those there are.")
    }

    private static func missingBase() throws(SgloradError) -> String {
        throw .invalidRequest(
            field: "base",
            reason: "is missing, and adapter_config.json names no base model; name one with --base")
    }

    /// Names stand in tables, logs and messages; they are short and printable.
    static func check(name: String, field: String) throws(SgloradError) {
        let printable = name.unicodeScalars.allSatisfy { !CharacterSet.controlCharacters.contains($0) }
        guard (1...256).contains(name.utf8.count), printable, name.first?.isWhitespace == false,
            name.last?.isWhitespace == false
        else {
            throw .invalidRequest(
                field: field, reason: "must be 1 to 256 bytes, printable, with no white space at either end")
        }
    }

    /// Reads the adapter's folder that uploaded files make up.
    private func folder(_ files: [Wire.UploadedFile], _ call: VarlinkCall) async throws -> PEFTFolder {
        guard files.count <= 2 * 4096 else {
            throw SgloradError.invalidRequest(field: "files", reason: "names more than 8192 files")
        }
        var paths: [String: String] = [:]
        for file in files {
            guard PEFTFolder.isRelevant(file.name) else {
                throw SgloradError.invalidRequest(
                    field: "files",
                    reason: "names '\(file.name)', which is not a file of a PEFT adapter's folder")
            }
            let path = try await uploads.path(of: file.digest, uid: call.peer.uid)
            guard paths.updateValue(path, forKey: file.name) == nil else {
                throw SgloradError.invalidRequest(field: "files", reason: "names '\(file.name)' twice")
            }
        }
        let named = paths
        return try await pool.run { () throws(SgloradError) in try PEFTFolder.read(files: named) }
    }

    /// The identity of what is imported: base, name, description and the files' digests.
    private static func digest(_ parameters: Methods.ImportExpert.Parameters, base: String) -> String {
        let lines =
            [base, parameters.name, parameters.description]
            + parameters.files.sorted { $0.name < $1.name }.map { "\($0.name) \($0.digest)" }
        return FileDigest.sha256(lines.map { "\($0.utf8.count):\($0)\n" }.joined().utf8)
    }

    private func wire(_ base: BaseRecord) async throws -> Wire.Base {
        let experts = try await cache.experts(base: base.name)
        let encodes: Bool
        if let encoder = try? await encoders.loaded() {
            encodes = (try? encoder.encoder.check(base.layout)) != nil
        } else {
            encodes = false
        }
        return Wire.Base(
            name: base.name,
            sites: base.layout.sites.map {
                Wire.Site(path: $0.path, inFeatures: $0.inFeatures, outFeatures: $0.outFeatures)
            },
            rank: base.layout.rank, scale: Double(base.layout.scale),
            parameterCount: base.layout.parameterCount,
            experts: experts.count, library: BaseSnapshot.digest(of: experts.map(\.digest)), encodes: encodes,
            createdAt: WireJSON.time(base.createdAt))
    }
}

extension BaseRecord {
    /// The base that an adapter's folder gives rise to.
    fileprivate init(name: String, of folder: PEFTFolder) throws(SgloradError) {
        var template = folder.template
        template.baseModelName = template.baseModelName ?? name
        self.init(
            name: name, layout: try AdapterLayout(of: folder.checkpoints.first?.factors ?? []),
            template: template,
            createdAt: Date())
    }
}

extension Wire.Expert {
    init(_ record: ExpertRecord) {
        self.init(
            name: record.name, base: record.base, description: record.description, digest: record.digest,
            checkpoints: record.checkpoints.count, bytes: record.bytes,
            importedAt: WireJSON.time(record.importedAt),
            descriptionTruncated: record.descriptionTruncated ? true : nil,
            foreign: record.isForeign ? true : nil)
    }
}

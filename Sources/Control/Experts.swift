internal import Adaptation
internal import AdapterFormats
internal import ErrorModel
internal import ExpertLibrary
internal import Foundation
internal import LowRank
internal import SgloradInterface
internal import Varlink

/// Methods for base models, experts, and the files they are imported from.
extension ControlHandler {
    func addBase(_ call: Methods.AddBase.Call) async throws -> Methods.AddBase.Reply {
        let files = call.parameters.files.map(UploadedFile.init)
        let model = call.parameters.modelFile.map {
            UploadedModel(header: $0.header, digest: $0.digest, bytes: $0.bytes, path: $0.path)
        }
        let form = try call.parameters.prompt.map { form throws(SgloradError) in
            try PromptForm(prompt: form.prompt, answer: form.answer)
        }
        if files.isEmpty, model != nil || form != nil {
            let (base, replaced) = try await domain.imports.describe(
                call.parameters.name, model: model, promptForm: form, from: caller(call))
            return .init(
                base: Wire.Base(try await domain.experts.overview(of: base), for: caller(call)),
                replacedModelFile: replaced)
        }
        let base = try await domain.imports.addBase(
            call.parameters.name, files: files, model: model, promptForm: form, from: caller(call))
        return .init(base: Wire.Base(try await domain.experts.overview(of: base), for: caller(call)))
    }

    func listBases(_ call: Methods.ListBases.Call) async throws -> Methods.ListBases.Reply {
        .init(bases: try await domain.experts.bases().map { Wire.Base($0, for: caller(call)) })
    }

    func removeBase(_ call: Methods.RemoveBase.Call) async throws -> Methods.RemoveBase.Reply {
        let removal = try await domain.experts.removeBase(
            call.parameters.name, withExperts: call.parameters.experts ?? false)
        return .init(
            removedExperts: removal.experts.map(\.name), removedGenerators: removal.generators.map(\.id))
    }

    func renameBase(_ call: Methods.RenameBase.Call) async throws -> Methods.RenameBase.Reply {
        let base = try await domain.experts.renameBase(call.parameters.name, to: call.parameters.newName)
        return .init(base: Wire.Base(try await domain.experts.overview(of: base), for: caller(call)))
    }

    func uploadFile(_ call: Methods.UploadFile.Call) async throws -> Methods.UploadFile.Reply {
        guard let chunk = Data(base64Encoded: call.parameters.chunk) else {
            throw SgloradError.invalidRequest(field: "chunk", reason: "is not base64")
        }
        let result = try await domain.uploads.receive(
            chunk, upload: call.parameters.upload, last: call.parameters.last ?? false,
            from: caller(call).uid,
            session: UploadStore.Session(call.connection.description))
        return .init(upload: result.upload, received: result.received, digest: result.digest)
    }

    func importExpert(_ call: Methods.ImportExpert.Call) async throws -> Methods.ImportExpert.Reply {
        let order = ExpertImport.Order(
            name: call.parameters.name, description: call.parameters.description, base: call.parameters.base,
            mayBeNewBase: call.parameters.newBase ?? false,
            files: call.parameters.files.map(UploadedFile.init))
        let receipt = try await domain.imports.run(order, from: caller(call))
        let leftOut = receipt.omissions.map { Wire.LeftOut(name: $0.name, reason: $0.reason) }
        let known = (leftOut.isEmpty ? nil : leftOut, receipt.notes.isEmpty ? nil : receipt.notes)
        switch receipt.outcome {
        case .unchanged(let expert):
            return .init(expert: Wire.Expert(expert), unchanged: true, leftOut: known.0, notes: known.1)
        case .imported(let change):
            return .init(
                expert: Wire.Expert(change.expert), baseCreated: (change.before == nil).flag,
                raisedRank: change.raisesRank ? change.after.layout.rank : nil, leftOut: known.0,
                notes: known.1)
        }
    }

    func listExperts(_ call: Methods.ListExperts.Call) async throws -> Methods.ListExperts.Reply {
        .init(experts: try await domain.experts.list(base: call.parameters.base).map(Wire.Expert.init))
    }

    func getExpert(_ call: Methods.GetExpert.Call) async throws -> Methods.GetExpert.Reply {
        let (expert, generators) = try await domain.experts.show(
            call.parameters.name, base: call.parameters.base)
        return .init(
            expert: Wire.Expert(expert), checkpointNames: expert.checkpoints, meanNorm: expert.meanNorm,
            deviation: expert.deviation, alignment: expert.alignment, generators: generators.map(\.id))
    }

    func removeExpert(_ call: Methods.RemoveExpert.Call) async throws -> Methods.RemoveExpert.Reply {
        let (expert, disabled, adapters) = try await domain.experts.remove(
            call.parameters.name, base: call.parameters.base, derived: call.parameters.derived ?? false)
        return .init(
            expert: Wire.Expert(expert), disabledGenerators: disabled.map(\.id), removedAdapters: adapters)
    }
}

extension UploadedFile {
    fileprivate init(_ file: Wire.UploadedFile) {
        self.init(name: file.name, digest: file.digest)
    }
}

extension Wire.Expert {
    fileprivate init(_ record: ExpertRecord) {
        self.init(
            name: record.name, base: record.base, description: record.description, digest: record.digest,
            checkpoints: record.checkpoints.count, bytes: record.bytes,
            importedAt: JSONText.time(record.importedAt),
            descriptionTruncated: record.descriptionTruncated.flag, foreign: record.isForeign.flag)
    }
}

extension Wire.Base {
    /// A base as a caller sees it; administrators also see where its GGUF file is.
    fileprivate init(_ overview: BaseOverview, for caller: Caller) {
        let layout = overview.base.layout
        self.init(
            name: overview.base.name,
            sites: layout.sites.map {
                Wire.Site(path: $0.path, inFeatures: $0.inFeatures, outFeatures: $0.outFeatures)
            },
            rank: layout.rank, scale: Double(layout.scale), parameterCount: layout.parameterCount,
            experts: overview.experts, library: overview.library, encodes: overview.encodes,
            createdAt: JSONText.time(overview.base.createdAt),
            formerNames: overview.base.formerNames.isEmpty ? nil : overview.base.formerNames,
            modelFile: overview.base.modelFile.map {
                Wire.ModelFile(
                    architecture: $0.architecture.rawValue, layers: $0.layers, name: $0.name,
                    digest: $0.digest, bytes: $0.fileSize,
                    path: caller.isAdministrator ? overview.base.modelPath : nil)
            },
            prompt: overview.base.promptForm.map { Wire.PromptForm(prompt: $0.prompt, answer: $0.answer) })
    }
}

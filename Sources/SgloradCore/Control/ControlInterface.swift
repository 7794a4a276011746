internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue
internal import Logging

/// The interface `io.sglorad`: decides who may call what, and hands each call to its method.
struct ControlInterface: VarlinkInterface {
    let options: DaemonOptions
    let cache: ExpertCache
    let queue: IntentQueue
    let encoders: EncoderProvider
    let libraries: LibraryKeeper
    let pipeline: AdapterPipeline
    let trainings: TrainingSupervisor
    let evaluations: EvaluationSupervisor
    let uploads: UploadStore
    let eraser: Eraser
    let pool: ComputePool
    let inspector: CacheInspector
    let share: DiskShare
    let health: SharedLook<Health.View>
    let access: Access
    /// Whose turn it is to compute in a call of their own; requests have the queue's turns.
    let turns: UserTurns
    let metrics: DaemonMetrics
    let startedAt: Date
    let logger: Logger

    var name: String { Wire.interface }
    var definition: String { Wire.definition }

    func handle(_ call: VarlinkCall, replies: VarlinkReplies) async throws {
        // Before anything else: to a stranger it does not even say which methods there are.
        guard access.standing(of: call.peer) >= .user else { throw VarlinkError.permissionDenied }
        switch call.methodName {
        case Methods.Request.name: try await stream(Methods.Request.self, call, replies, request)
        case Methods.Submit.name: try await answer(Methods.Submit.self, call, replies, submit)
        case Methods.GetRequest.name: try await answer(Methods.GetRequest.self, call, replies, getRequest)
        case Methods.ListRequests.name:
            try await answer(Methods.ListRequests.self, call, replies, listRequests)
        case Methods.CancelRequest.name:
            try await answer(Methods.CancelRequest.self, call, replies, cancelRequest)
        case Methods.RetryRequest.name:
            try await answer(Methods.RetryRequest.self, call, replies, retryRequest)
        case Methods.Forget.name: try await answer(Methods.Forget.self, call, replies, forget)
        case Methods.Explain.name: try await compute(Methods.Explain.self, call, replies, explain)
        case Methods.Encode.name: try await compute(Methods.Encode.self, call, replies, encode)
        case Methods.AddBase.name: try await change(Methods.AddBase.self, call, replies, addBase)
        case Methods.ListBases.name: try await answer(Methods.ListBases.self, call, replies, listBases)
        case Methods.UploadFile.name: try await change(Methods.UploadFile.self, call, replies, uploadFile)
        case Methods.ImportExpert.name:
            try await change(Methods.ImportExpert.self, call, replies, importExpert)
        case Methods.ListExperts.name: try await answer(Methods.ListExperts.self, call, replies, listExperts)
        case Methods.GetExpert.name: try await answer(Methods.GetExpert.self, call, replies, getExpert)
        case Methods.RemoveExpert.name:
            try await change(Methods.RemoveExpert.self, call, replies, removeExpert)
        case Methods.TrainGenerator.name:
            try requireAdministrator(call)
            try await stream(Methods.TrainGenerator.self, call, replies, trainGenerator)
        case Methods.EvaluateGenerator.name:
            try requireAdministrator(call)
            try await stream(Methods.EvaluateGenerator.self, call, replies, evaluateGenerator)
        case Methods.CancelTraining.name:
            try await change(Methods.CancelTraining.self, call, replies, cancelTraining)
        case Methods.ListGenerators.name:
            try await answer(Methods.ListGenerators.self, call, replies, listGenerators)
        case Methods.GetGenerator.name:
            try await answer(Methods.GetGenerator.self, call, replies, getGenerator)
        case Methods.ExportGenerator.name:
            try requireAdministrator(call)
            try await stream(Methods.ExportGenerator.self, call, replies, exportGenerator)
        case Methods.ImportGenerator.name:
            try await change(Methods.ImportGenerator.self, call, replies, importGenerator)
        case Methods.RemoveGenerator.name:
            try await change(Methods.RemoveGenerator.self, call, replies, removeGenerator)
        case Methods.ListAdapters.name:
            try await answer(Methods.ListAdapters.self, call, replies, listAdapters)
        case Methods.GetAdapter.name: try await answer(Methods.GetAdapter.self, call, replies, getAdapter)
        case Methods.ReadAdapter.name: try await stream(Methods.ReadAdapter.self, call, replies, readAdapter)
        case Methods.PinAdapter.name: try await answer(Methods.PinAdapter.self, call, replies, pinAdapter)
        case Methods.RemoveAdapter.name:
            try await answer(Methods.RemoveAdapter.self, call, replies, removeAdapter)
        case Methods.VerifyCache.name: try await change(Methods.VerifyCache.self, call, replies, verifyCache)
        case Methods.EvictCache.name: try await change(Methods.EvictCache.self, call, replies, evictCache)
        case Methods.CacheStatistics.name:
            try await answer(Methods.CacheStatistics.self, call, replies, cacheStatistics)
        case Methods.Monitor.name: try await stream(Methods.Monitor.self, call, replies, monitor)
        case Methods.Metrics.name: try await answer(Methods.Metrics.self, call, replies, metricsText)
        case Methods.Status.name: try await answer(Methods.Status.self, call, replies, status)
        default: throw VarlinkError.methodNotFound(call.method)
        }
    }

    func connectionClosed(_ id: ConnectionID) async {
        await uploads.connectionClosed(id)
    }

    /// Who may see and change everything.
    func isAdministrator(_ peer: Peer) -> Bool {
        access.standing(of: peer) == .administrator
    }

    private func requireAdministrator(_ call: VarlinkCall) throws(VarlinkError) {
        guard isAdministrator(call.peer) else { throw .permissionDenied }
    }

    private func answer<M: ControlMethod>(
        _ method: M.Type, _ call: VarlinkCall, _ replies: VarlinkReplies,
        _ body: (M.Parameters, VarlinkCall) async throws -> M.Reply
    ) async throws {
        try await replies.finish(try await body(call.parameters(as: M.Parameters.self), call))
    }

    /// As `answer`, for a method that keeps a processor busy, which no user may do in everybody's way.
    private func compute<M: ControlMethod>(
        _ method: M.Type, _ call: VarlinkCall, _ replies: VarlinkReplies,
        _ body: (M.Parameters, VarlinkCall) async throws -> M.Reply
    ) async throws {
        let parameters = try call.parameters(as: M.Parameters.self)
        try await replies.finish(try await turns.run(for: call.peer.uid) { try await body(parameters, call) })
    }

    /// As `answer`, for a method that changes the library or the generators.
    private func change<M: ControlMethod>(
        _ method: M.Type, _ call: VarlinkCall, _ replies: VarlinkReplies,
        _ body: (M.Parameters, VarlinkCall) async throws -> M.Reply
    ) async throws {
        try requireAdministrator(call)
        try await answer(method, call, replies, body)
    }

    private func stream<M: ControlMethod>(
        _ method: M.Type, _ call: VarlinkCall, _ replies: VarlinkReplies,
        _ body: (M.Parameters, VarlinkCall, VarlinkReplies) async throws -> Void
    ) async throws {
        try await body(call.parameters(as: M.Parameters.self), call, replies)
    }
}

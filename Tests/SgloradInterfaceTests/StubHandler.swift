import SgloradInterface
import Varlink

/// Implements a few methods with fixed replies; all others throw `MethodNotImplemented`.
struct StubHandler: SgloradHandler {
    func status(_ call: Methods.Status.Call) async throws -> Methods.Status.Reply {
        .init(
            version: "stub", state: "ok", conditions: [], startedAt: "", stateDirectory: "", kernel: "",
            sqlite: "", queue: Self.counts)
    }

    func monitor(_ stream: Methods.Monitor.Stream) async throws {
        try await stream.send(.init(health: Wire.Health(state: "ok", conditions: [], queue: Self.counts)))
        try await stream.finish(
            .init(health: Wire.Health(state: "degraded", conditions: [], queue: Self.counts)))
    }

    func request(_ stream: Methods.Request.Stream) async throws {
        try await stream.sendIfMore(.init(request: Self.request("queued")))
        try await stream.finish(.init(request: Self.request("done")))
    }

    private static var counts: Wire.QueueCounts {
        Wire.QueueCounts(queued: 0, running: 0, done: 0, refused: 0, failed: 0, cancelled: 0)
    }

    private static func request(_ state: String) -> Wire.QueuedRequest {
        Wire.QueuedRequest(requestId: "r", state: state, base: "b", submittedAt: "")
    }

    private func notImplemented<Method>(_ call: MethodCall<Method>) throws -> Method.Reply {
        throw VarlinkError.methodNotImplemented(Method.qualifiedName)
    }

    private func notImplemented<Method>(_ stream: MethodStream<Method>) throws {
        throw VarlinkError.methodNotImplemented(Method.qualifiedName)
    }
}

extension StubHandler {
    func submit(_ call: Methods.Submit.Call) async throws -> Methods.Submit.Reply { try notImplemented(call) }
    func getRequest(_ call: Methods.GetRequest.Call) async throws -> Methods.GetRequest.Reply {
        try notImplemented(call)
    }
    func listRequests(_ call: Methods.ListRequests.Call) async throws -> Methods.ListRequests.Reply {
        try notImplemented(call)
    }
    func cancelRequest(_ call: Methods.CancelRequest.Call) async throws -> Methods.CancelRequest.Reply {
        try notImplemented(call)
    }
    func retryRequest(_ call: Methods.RetryRequest.Call) async throws -> Methods.RetryRequest.Reply {
        try notImplemented(call)
    }
    func forget(_ call: Methods.Forget.Call) async throws -> Methods.Forget.Reply { try notImplemented(call) }
    func explain(_ call: Methods.Explain.Call) async throws -> Methods.Explain.Reply {
        try notImplemented(call)
    }
    func encode(_ call: Methods.Encode.Call) async throws -> Methods.Encode.Reply { try notImplemented(call) }
    func listAdapters(_ call: Methods.ListAdapters.Call) async throws -> Methods.ListAdapters.Reply {
        try notImplemented(call)
    }
    func getAdapter(_ call: Methods.GetAdapter.Call) async throws -> Methods.GetAdapter.Reply {
        try notImplemented(call)
    }
    func readAdapter(_ stream: Methods.ReadAdapter.Stream) async throws { try notImplemented(stream) }
    func pinAdapter(_ call: Methods.PinAdapter.Call) async throws -> Methods.PinAdapter.Reply {
        try notImplemented(call)
    }
    func publishAdapter(_ call: Methods.PublishAdapter.Call) async throws -> Methods.PublishAdapter.Reply {
        try notImplemented(call)
    }
    func unpublishAdapter(
        _ call: Methods.UnpublishAdapter.Call
    ) async throws -> Methods.UnpublishAdapter.Reply {
        try notImplemented(call)
    }
    func removeAdapter(_ call: Methods.RemoveAdapter.Call) async throws -> Methods.RemoveAdapter.Reply {
        try notImplemented(call)
    }
    func addBase(_ call: Methods.AddBase.Call) async throws -> Methods.AddBase.Reply {
        try notImplemented(call)
    }
    func removeBase(_ call: Methods.RemoveBase.Call) async throws -> Methods.RemoveBase.Reply {
        try notImplemented(call)
    }
    func renameBase(_ call: Methods.RenameBase.Call) async throws -> Methods.RenameBase.Reply {
        try notImplemented(call)
    }
    func listBases(_ call: Methods.ListBases.Call) async throws -> Methods.ListBases.Reply {
        try notImplemented(call)
    }
    func uploadFile(_ call: Methods.UploadFile.Call) async throws -> Methods.UploadFile.Reply {
        try notImplemented(call)
    }
    func importExpert(_ call: Methods.ImportExpert.Call) async throws -> Methods.ImportExpert.Reply {
        try notImplemented(call)
    }
    func listExperts(_ call: Methods.ListExperts.Call) async throws -> Methods.ListExperts.Reply {
        try notImplemented(call)
    }
    func getExpert(_ call: Methods.GetExpert.Call) async throws -> Methods.GetExpert.Reply {
        try notImplemented(call)
    }
    func removeExpert(_ call: Methods.RemoveExpert.Call) async throws -> Methods.RemoveExpert.Reply {
        try notImplemented(call)
    }
    func trainGenerator(_ stream: Methods.TrainGenerator.Stream) async throws { try notImplemented(stream) }
    func cancelTraining(_ call: Methods.CancelTraining.Call) async throws -> Methods.CancelTraining.Reply {
        try notImplemented(call)
    }
    func listGenerators(_ call: Methods.ListGenerators.Call) async throws -> Methods.ListGenerators.Reply {
        try notImplemented(call)
    }
    func getGenerator(_ call: Methods.GetGenerator.Call) async throws -> Methods.GetGenerator.Reply {
        try notImplemented(call)
    }
    func exportGenerator(_ stream: Methods.ExportGenerator.Stream) async throws { try notImplemented(stream) }
    func importGenerator(_ call: Methods.ImportGenerator.Call) async throws -> Methods.ImportGenerator.Reply {
        try notImplemented(call)
    }
    func removeGenerator(_ call: Methods.RemoveGenerator.Call) async throws -> Methods.RemoveGenerator.Reply {
        try notImplemented(call)
    }
    func evaluateGenerator(_ stream: Methods.EvaluateGenerator.Stream) async throws {
        try notImplemented(stream)
    }
    func cacheStatistics(_ call: Methods.CacheStatistics.Call) async throws -> Methods.CacheStatistics.Reply {
        try notImplemented(call)
    }
    func verifyCache(_ call: Methods.VerifyCache.Call) async throws -> Methods.VerifyCache.Reply {
        try notImplemented(call)
    }
    func evictCache(_ call: Methods.EvictCache.Call) async throws -> Methods.EvictCache.Reply {
        try notImplemented(call)
    }
    func metrics(_ call: Methods.Metrics.Call) async throws -> Methods.Metrics.Reply {
        try notImplemented(call)
    }
}

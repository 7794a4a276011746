internal import Adaptation
internal import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Files
internal import IntentQueue
internal import SgloradInterface
internal import Storage
internal import TextEncoding
internal import Varlink

/// Methods for the daemon's health and metrics.
extension ControlHandler {
    func status(_ call: Methods.Status.Call) async throws -> Methods.Status.Reply {
        let view = try await domain.health.view()
        let health = await health(view, for: caller(call))
        let publishing: Wire.Publishing? =
            if domain.publication.isConfigured {
                Wire.Publishing(
                    names: try await domain.publication.nameCount(for: caller(call)),
                    llamaServer: domain.publication.routerState?.rawValue)
            } else { nil }
        return .init(
            version: SgloradRelease.version, state: health.state, conditions: health.conditions,
            startedAt: JSONText.time(domain.startedAt), stateDirectory: domain.store.state.root,
            encoder: view.encoder.map(Wire.Encoder.init),
            kernel: ProcessorKernels.name(view.encoder?.encoder.precision),
            sqlite: DurableDatabase.sqliteVersion, queue: health.queue, training: health.training,
            publishing: publishing)
    }

    func metrics(_ call: Methods.Metrics.Call) async throws -> Methods.Metrics.Reply {
        let caller = caller(call)
        let view = try await domain.health.view()
        let cache = try await domain.store.statistics(adaptersOf: caller.listedOwner)
        let (queue, conditions) = (view.counts(for: caller), view.conditions(for: caller).count)
        return .init(
            text: caller.isAdministrator
                ? domain.metrics.text(
                    cache: cache, queue: queue, conditions: conditions, workers: domain.workerBoard)
                : DaemonMetrics.ownText(cache: cache, queue: queue, conditions: conditions))
    }

    /// The health that `Status` and `Monitor` report to a caller.
    func health(_ view: Health.View, for caller: Caller) async -> Wire.Health {
        let training = await domain.trainings.bases
        let conditions = view.conditions(for: caller)
        return Wire.Health(
            state: conditions.isEmpty ? "ok" : "degraded",
            conditions: conditions.map {
                Wire.Condition(name: $0.name, message: $0.message, remedy: $0.remedy)
            },
            queue: Wire.QueueCounts(view.counts(for: caller)),
            training: training.isEmpty ? nil : training.joined(separator: ", "))
    }
}

extension Wire.Encoder {
    fileprivate init(_ loaded: LoadedEncoder) {
        self.init(
            name: loaded.encoder.name, folder: loaded.folder, digest: loaded.digest,
            dimension: loaded.encoder.dimension, maximumTokens: loaded.encoder.maximumTokens)
    }
}

extension Wire.QueueCounts {
    fileprivate init(_ counts: [RequestState: Int]) {
        self.init(
            queued: counts[.queued] ?? 0, running: counts[.running] ?? 0, done: counts[.done] ?? 0,
            refused: counts[.refused] ?? 0, failed: counts[.failed] ?? 0, cancelled: counts[.cancelled] ?? 0)
    }
}

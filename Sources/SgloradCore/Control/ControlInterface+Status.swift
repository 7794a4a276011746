internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue
internal import LinearAlgebra
internal import TextEncoding

extension ControlInterface {
    func cacheStatistics(
        _ parameters: Methods.CacheStatistics.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.CacheStatistics.Reply {
        let statistics = try await cache.statistics()
        let waiting = await uploads.usage
        return Methods.CacheStatistics.Reply(
            bases: statistics.bases, experts: Wire.Usage(statistics.experts),
            generators: Wire.Usage(statistics.generators), adapters: Wire.Usage(statistics.adapters),
            uploads: Wire.Usage(count: waiting.count, bytes: waiting.bytes),
            databaseBytes: statistics.databaseBytes)
    }

    func status(
        _ parameters: Methods.Status.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.Status.Reply {
        let view = try await health.view()
        let encoder = view.encoder.map { loaded in
            Wire.Encoder(
                name: loaded.encoder.name, folder: loaded.folder, digest: loaded.digest,
                dimension: loaded.encoder.dimension, maximumTokens: loaded.encoder.maximumTokens)
        }
        let training = await trainings.bases
        return Methods.Status.Reply(
            version: SgloradRelease.version, state: view.conditions.isEmpty ? "ok" : "degraded",
            conditions: view.conditions,
            startedAt: WireJSON.time(startedAt), stateDirectory: options.stateDirectory, encoder: encoder,
            kernel: BLAS.kernel, sqlite: DurableDatabase.sqliteVersion,
            queue: Wire.QueueCounts(view.counts),
            training: training.isEmpty ? nil : training.joined(separator: ", "))
    }
}

extension Wire.Usage {
    fileprivate init(_ usage: CacheUsage) {
        self.init(count: usage.count, bytes: usage.bytes)
    }
}

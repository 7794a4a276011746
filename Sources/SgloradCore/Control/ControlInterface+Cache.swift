internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache

extension ControlInterface {
    func verifyCache(
        _ parameters: Methods.VerifyCache.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.VerifyCache.Reply {
        let (looked, problems) = try await inspector.verify(repairing: parameters.repair ?? false)
        return Methods.VerifyCache.Reply(
            blobs: looked.blobs, adapters: looked.adapters, bytes: looked.bytes,
            problems: problems.map { problem, repaired in
                Wire.CacheProblem(
                    subject: problem.name, fault: problem.fault.rawValue, path: problem.path,
                    finding: problem.finding, repaired: repaired ? true : nil, remedy: problem.remedy)
            })
    }

    func evictCache(
        _ parameters: Methods.EvictCache.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.EvictCache.Reply {
        var asked = options.cache.eviction
        if parameters.maximumBytes != nil || parameters.maximumAge != nil {
            for (field, value) in [
                ("maximumBytes", parameters.maximumBytes), ("maximumAge", parameters.maximumAge),
            ] {
                guard value ?? 0 >= 0 else {
                    throw SgloradError.invalidRequest(field: field, reason: "is below zero")
                }
            }
            asked.maximumBytes = parameters.maximumBytes
            asked.maximumAge = parameters.maximumAge.map(Double.init)
        }
        let result = try await inspector.evict(asked, dryRun: parameters.dryRun ?? false)
        return Methods.EvictCache.Reply(
            evicted: result.evicted.map(\.id), bytes: result.evicted.reduce(0) { $0 + $1.bytes },
            kept: result.kept.count, keptBytes: result.keptBytes)
    }

    func pinAdapter(
        _ parameters: Methods.PinAdapter.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.PinAdapter.Reply {
        let record = try await adapter(parameters.adapterId, for: call.peer)
        guard let pinned = try await cache.pin(record.id, parameters.pinned) else {
            throw Self.noAdapter(parameters.adapterId)
        }
        return Methods.PinAdapter.Reply(adapter: try Wire.Adapter(pinned, in: cache))
    }

    func removeAdapter(
        _ parameters: Methods.RemoveAdapter.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.RemoveAdapter.Reply {
        let record = try await adapter(parameters.adapterId, for: call.peer)
        guard try await !cache.remove([record]).isEmpty else {
            throw Self.noAdapter(parameters.adapterId)
        }
        return Methods.RemoveAdapter.Reply()
    }

    static func noAdapter(_ id: String) -> SgloradError {
        .notFound("adapter", id, remedy: "'sglorad-ctl adapter list' shows those there are.")
    }
}

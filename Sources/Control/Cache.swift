internal import Adaptation
internal import ErrorModel
internal import ExpertLibrary
internal import SgloradInterface
internal import Varlink

/// Methods for the cache: its size, verification and eviction.
extension ControlHandler {
    func cacheStatistics(_ call: Methods.CacheStatistics.Call) async throws -> Methods.CacheStatistics.Reply {
        let caller = caller(call)
        let statistics = try await domain.store.statistics(adaptersOf: caller.listedOwner)
        let uploads = await domain.uploads.usage(of: caller.listedOwner)
        return .init(
            bases: statistics.bases, experts: Wire.Usage(statistics.experts),
            generators: Wire.Usage(statistics.generators), adapters: Wire.Usage(statistics.adapters),
            uploads: Wire.Usage(count: uploads.count, bytes: uploads.bytes),
            databaseBytes: caller.isAdministrator ? statistics.databaseBytes : nil)
    }

    func verifyCache(_ call: Methods.VerifyCache.Call) async throws -> Methods.VerifyCache.Reply {
        let (verification, problems) = try await domain.inspector.verify(
            repairing: call.parameters.repair ?? false)
        return .init(
            blobs: verification.blobs, adapters: verification.adapters, bytes: verification.bytes,
            problems: problems.map { problem, repaired in
                Wire.CacheProblem(
                    subject: problem.name, fault: problem.fault.rawValue, path: problem.path,
                    finding: problem.finding, repaired: repaired.flag, remedy: problem.remedy)
            })
    }

    func evictCache(_ call: Methods.EvictCache.Call) async throws -> Methods.EvictCache.Reply {
        let result = try await domain.inspector.evict(
            try policy(call.parameters), dryRun: call.parameters.dryRun ?? false)
        return .init(
            evicted: result.evicted.map(\.id), bytes: result.evicted.reduce(0) { $0 + $1.bytes },
            kept: result.kept.count, keptBytes: result.kept.bytes)
    }

    /// The configured policy, with both limits replaced if the call sets either.
    private func policy(_ parameters: Methods.EvictCache.Parameters) throws(SgloradError) -> EvictionPolicy {
        var policy = domain.inspector.policy
        guard parameters.maximumBytes != nil || parameters.maximumAge != nil else { return policy }
        for (field, value) in [
            ("maximumBytes", parameters.maximumBytes), ("maximumAge", parameters.maximumAge),
        ] where (value ?? 0) < 0 {
            throw .invalidRequest(field: field, reason: "is negative; it must be 0 or more")
        }
        policy.maximumBytes = parameters.maximumBytes
        // An administrator who names a size gets it: the guarantee is against other users.
        policy.guaranteedBytesPerUser = 0
        policy.maximumAge = parameters.maximumAge.map(Double.init)
        return policy
    }
}

extension Wire.Usage {
    fileprivate init(_ usage: LibraryUsage) {
        self.init(count: usage.count, bytes: usage.bytes)
    }
}

internal import ErrorModel
internal import Generation

/// What making an adapter from a description costs, by one method.
public struct MethodCost: Sendable, Hashable, Codable {
    /// The method's name.
    public var method: String
    /// The median time over a few tasks, in milliseconds: from the description's embedding to the adapter's parameters in memory, on
    /// one thread, with the generator and the experts already read once.
    public var milliseconds: Double
    /// The size of the generator's file, which the daemon maps while it makes the adapter; nil for a method without one.
    public var generatorBytes: Int?
}

extension MethodCost {
    /// The most tasks that a method is timed on.
    static let mostTasks = 5

    /// Times the methods one after another, each on the same tasks, after one adapter that is not timed.
    ///
    /// - Parameters:
    ///   - methods: those without an adapter for every task are left out.
    ///   - entries: tasks with the embeddings of their descriptions and what their adapters are made from.
    ///   - sizes: the sizes of the generators' files, in bytes.
    /// - Throws: what a generator throws.
    static func measured(
        _ methods: [StandardMethod],
        _ entries: some Collection<(scope: MethodScope, task: EvaluationTask, embedding: [Float])>,
        sizes: [GeneratorSystem: Int]
    ) throws(SgloradError) -> [MethodCost] {
        let timed = entries.prefix(mostTasks)
        guard let first = timed.first else { return [] }
        var costs: [MethodCost] = []
        for method in methods where method != .base && method != .oracle {
            guard try made(method, first) else { continue }
            let clock = ContinuousClock()
            var times: [Double] = []
            for entry in timed {
                let start = clock.now
                guard try made(method, entry) else { break }
                times.append((clock.now - start) / .milliseconds(1))
            }
            guard times.count == timed.count else { continue }
            costs.append(
                MethodCost(
                    method: method.rawValue, milliseconds: times.sorted()[times.count / 2],
                    generatorBytes: method.servedSystem.flatMap { sizes[$0] }))
        }
        return costs
    }

    /// Makes an adapter, and says whether the method has one that is not the base model.
    private static func made(
        _ method: StandardMethod, _ entry: (scope: MethodScope, task: EvaluationTask, embedding: [Float])
    ) throws(SgloradError) -> Bool {
        guard case .parameters(_, let make)? = try entry.scope.adapter(method, entry.task, entry.embedding)
        else { return false }
        return try !make().isEmpty
    }
}

extension StandardMethod {
    /// The system whose generator in use makes the method's adapters; nil for what merges, or trains its own.
    var servedSystem: GeneratorSystem? {
        if let taskTrained { return taskTrained.system }
        return needsGenerator ? .sgLoRA : nil
    }
}

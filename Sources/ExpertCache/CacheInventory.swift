/// All that the database's rows speak of, at one moment.
public struct CacheInventory: Sendable {
    /// The base models.
    public var bases: [BaseRecord]
    /// The experts.
    public var experts: [ExpertRecord]
    /// The generators.
    public var generators: [GeneratorRow]
    /// The published adapters.
    public var adapters: [AdapterRecord]

    /// The blobs that a row speaks of: what each is, and how many bytes it has where the row says so.
    var blobs: [String: (subject: CacheProblem.Subject, bytes: Int?)] {
        var blobs: [String: (subject: CacheProblem.Subject, bytes: Int?)] = [:]
        for base in bases {
            if let reference = base.reference { blobs[reference] = (.reference(base: base.name), nil) }
        }
        for generator in generators {
            blobs[generator.parameters] = (.generator(generator.id), generator.bytes)
        }
        for expert in experts {
            blobs[expert.parameters] = (.expert(base: expert.base, name: expert.name), expert.bytes)
        }
        return blobs
    }

    /// Whether a problem that was found is still one of what the rows speak of now.
    public func concerns(_ problem: CacheProblem) -> Bool {
        switch problem.subject {
        case .expert(let base, let name): experts.contains { $0.base == base && $0.name == name }
        case .reference(let base): bases.contains { $0.name == base && $0.reference != nil }
        case .generator(let id): generators.contains { $0.id == id }
        case .adapter(let id): adapters.contains { $0.id == id }
        case .unreferenced, .database: true
        }
    }
}

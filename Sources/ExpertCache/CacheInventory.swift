public import DurableStorage

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
    ///
    /// A name is not enough: since the files were read, its row may have been given another file, and what belonged to
    /// nothing may have got a row.
    ///
    /// - Parameters:
    ///   - problem: what an earlier inventory's verification found.
    ///   - state: the directory that was verified.
    public func concerns(_ problem: CacheProblem, in state: StateDirectory) -> Bool {
        let store = BlobStore(state)
        switch problem.subject {
        case .expert(let base, let name):
            return experts.contains {
                $0.base == base && $0.name == name && problem.isOfBlob($0.parameters, in: store)
            }
        case .reference(let base):
            return bases.contains { row in
                row.name == base && row.reference.map { problem.isOfBlob($0, in: store) } ?? false
            }
        case .generator(let id):
            return generators.contains { $0.id == id && problem.isOfBlob($0.parameters, in: store) }
        case .adapter(let id):
            return adapters.contains { adapter in
                guard adapter.id == id else { return false }
                let folder = state.folder(of: adapter)
                return problem.path == folder + ".json" || problem.path.hasPrefix(folder + "/")
            }
        case .unreferenced:
            return !knownPaths(in: state).contains(problem.path)
        case .database:
            return true
        }
    }

    /// Every file and folder that a row speaks of: blobs and adapters' folders, each with its manifest.
    func knownPaths(in state: StateDirectory) -> Set<String> {
        var known: Set<String> = []
        let store = BlobStore(state)
        for digest in blobs.keys {
            known.formUnion([store.path(of: digest), store.manifestPath(of: digest)])
        }
        for adapter in adapters {
            known.formUnion([state.folder(of: adapter), state.folder(of: adapter) + ".json"])
        }
        return known
    }
}

extension CacheProblem {
    /// Whether it is a problem of a blob or of its manifest, and not of another that the subject had before.
    func isOfBlob(_ digest: String, in store: BlobStore) -> Bool {
        path == store.path(of: digest) || path == store.manifestPath(of: digest)
    }
}

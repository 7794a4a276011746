public import Files

/// A snapshot of everything that the database's rows reference.
public struct LibraryInventory: Sendable {
    /// The base models.
    public var bases: [BaseRecord]
    /// The experts.
    public var experts: [ExpertRecord]
    /// The generators.
    public var generators: [StoredGenerator]
    /// The published adapters.
    public var adapters: [AdapterRecord]

    /// The rows that do not match their checksums; they are not among the others.
    public var damagedRows: [DamagedRow] = []

    /// The referenced blobs: the subject of each, and its size in bytes if the row has it.
    var blobs: [String: (subject: LibraryProblem.Subject, bytes: Int?)] {
        var blobs: [String: (subject: LibraryProblem.Subject, bytes: Int?)] = [:]
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

    /// Whether a problem still concerns what the rows reference now.
    ///
    /// Comparing names is not enough: since the files were read, the row may have got another file, and an orphan may have
    /// got a row.
    ///
    /// - Parameters:
    ///   - problem: what the verification of an earlier inventory found.
    ///   - state: the directory that was verified.
    public func concerns(_ problem: LibraryProblem, in state: StateDirectory) -> Bool {
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
        case .row(let row):
            return damagedRows.contains(row)
        case .database:
            return true
        }
    }

    /// The checksum that the manifest beside each blob must have.
    var manifestChecksums: [String: String] {
        var checksums: [String: String] = [:]
        for generator in generators { checksums[generator.parameters] = generator.checksum }
        for expert in experts { checksums[expert.parameters] = expert.checksum }
        return checksums
    }

    /// Every referenced file and folder: blobs and adapters' folders, each with its manifest.
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

extension LibraryProblem {
    /// Whether the problem concerns this blob or its manifest, and not one that the subject had before.
    func isOfBlob(_ digest: String, in store: BlobStore) -> Bool {
        path == store.path(of: digest) || path == store.manifestPath(of: digest)
    }
}

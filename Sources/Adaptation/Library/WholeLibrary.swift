internal import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Generation

/// A base's library with the rows of all its experts, for trainings and evaluations, which read every one.
struct WholeLibrary: Sendable {
    let snapshot: BaseSnapshot
    /// The experts' rows, sorted by name.
    let experts: [ExpertRecord]

    var base: BaseRecord { snapshot.base }
}

extension LibrarySnapshots {
    /// The library of a base with all its experts' rows; every blob is compared with its digest before its first use in this run.
    func whole(_ base: BaseRecord) async throws(SgloradError) -> WholeLibrary {
        let (store, verified, pool) = (store, verified, pool)
        return try await attempt(base) { (snapshot) throws(SgloradError) in
            let rows = try await store.bases.library(snapshot.base.name)?.experts ?? []
            guard BaseSnapshot.digest(of: rows.map(\.digest)) == snapshot.digest else {
                throw .invalidFile(snapshot.base.name, "its library has changed meanwhile. Try again")
            }
            try await pool.run { () throws(SgloradError) in
                try verified.verify(MappedBlobs(paths: rows.map { store.blobs.path(of: $0.parameters) }))
            }
            return WholeLibrary(
                snapshot: snapshot,
                experts: rows.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
        }
    }
}

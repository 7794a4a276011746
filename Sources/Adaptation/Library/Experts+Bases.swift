package import ErrorModel
internal import Executors
package import ExpertLibrary
internal import Logging

extension Experts {
    /// Removes a base with its generators, and with its experts if they may go.
    ///
    /// Published adapters stay; open requests for the base fail.
    ///
    /// - Throws: `unknownBase`; `invalidRequest` if the library has experts and they may not go; `storageFailure`.
    package func removeBase(
        _ name: String, withExperts: Bool
    ) async throws(SgloradError) -> BaseRemoval {
        let removal = try await store.changes.pass { () async throws(SgloradError) -> BaseRemoval in
            let base = try await snapshots.base(named: name)
            guard let removal = try await store.bases.remove(base.name, mayHaveExperts: withExperts) else {
                let count = try await store.experts.all(of: base.name).count
                throw .invalidRequest(
                    field: "experts",
                    reason: "must be true, because the library of '\(base.name)' has \(count) experts. Add "
                        + "--with-experts to remove them, too")
            }
            return removal
        }
        await snapshots.invalidateAll()
        publication.lookAgain()
        logger.info(
            "base removed",
            metadata: ["base": "\(removal.base.name)", "experts": "\(removal.experts.count)"])
        return removal
    }

    /// Gives a base another name; the old one still leads to it.
    ///
    /// - Throws: `unknownBase`, `invalidRequest`, `alreadyExists`, `invalidFile`, `storageFailure`.
    package func renameBase(_ name: String, to new: String) async throws(SgloradError) -> BaseRecord {
        try ExpertImport.check(name: new, field: "newName")
        let renamed = try await store.changes.pass { () async throws(SgloradError) -> BaseRecord in
            let base = try await snapshots.base(named: name)
            guard base.name != new else { return base }
            let others = try await store.bases.all().filter { $0.name != base.name }
            if let other = BaseName.find(new, in: others) { throw .baseExists(other.name) }
            guard let renamed = try await store.bases.rename(base.name, to: new) else {
                throw .unknownBase(name, known: others.map(\.name))
            }
            return renamed
        }
        await snapshots.invalidateAll()
        publication.lookAgain()
        logger.info("base renamed", metadata: ["base": "\(renamed.name)"])
        return renamed
    }
}

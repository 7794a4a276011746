internal import LowRank

extension PEFTFolder {
    /// The adapter without some of its sites, in every checkpoint.
    ///
    /// - Parameter paths: the sites to leave out; those that the adapter does not have are ignored.
    public func omitting(_ paths: Set<String>) -> PEFTFolder {
        guard !paths.isEmpty else { return self }
        var rest = self
        rest.checkpoints = checkpoints.map { checkpoint in
            PEFTCheckpoint(
                name: checkpoint.name, factors: checkpoint.factors.filter { !paths.contains($0.site.path) })
        }
        return rest
    }
}

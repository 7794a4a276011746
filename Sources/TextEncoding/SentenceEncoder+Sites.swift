public import ErrorModel
public import LowRank

extension SentenceEncoder {
    /// The linear layers that an adapter may change, in the order of the model's modules.
    public var linearSites: [Site] { linear.map(\.site) }

    /// The sites of an adapter that belong to this model but do not bear on its embeddings: BERT's pooler, which comes
    /// after the tokens' embeddings, whose mean is the text's.
    ///
    /// - Parameter adapted: the sites of an adapter.
    /// - Returns: their paths; none unless all other sites are linear layers of this model.
    public func sitesBeside(_ adapted: [Site]) -> Set<String> {
        let beside = adapted.filter(isPooler)
        let rest = adapted.filter { !isPooler($0) }
        guard !rest.isEmpty, rest.allSatisfy({ sites[$0.path] == $0 }) else { return [] }
        return Set(beside.map(\.path))
    }

    /// Checks that each site of a layout is a linear layer of this model with the same features, or its pooler, which
    /// an embedding does not pass.
    ///
    /// - Throws: `layoutMismatch` that names the first site that is neither, or the pooler if it is the only one.
    public func check(_ layout: AdapterLayout) throws(SgloradError) {
        for site in layout.sites where !isPooler(site) || layout.sites.count == 1 {
            guard let own = sites[site.path] else {
                throw .layoutMismatch(
                    site: site.path,
                    reason:
                        "is not a linear layer of the text encoder '\(name)'; use an adapter made for this model"
                )
            }
            guard own == site else {
                throw .layoutMismatch(
                    site: site.path,
                    reason: "is \(site.inFeatures) → \(site.outFeatures) in the adapter and "
                        + "\(own.inFeatures) → \(own.outFeatures) in the text encoder '\(name)'; use an adapter made "
                        + "for this model")
            }
        }
    }

    private func isPooler(_ site: Site) -> Bool {
        site == Site(path: "pooler.dense", inFeatures: dimension, outFeatures: dimension)
    }
}

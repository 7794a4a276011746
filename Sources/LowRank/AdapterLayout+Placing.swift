public import ErrorModel

extension AdapterLayout {
    /// The layout that a first adapter gives its library: its sites, its highest rank, and its scale where all sites share
    /// one, else 1.
    ///
    /// - Throws: `layoutMismatch` as `init(sites:rank:scale:)`.
    public init(of factors: [SiteFactors]) throws(SgloradError) {
        let shared = factors.first?.scale ?? 1
        try self.init(
            sites: factors.map(\.site), rank: factors.map(\.rank).max() ?? 0,
            scale: factors.allSatisfy { $0.scale == shared } ? shared : 1)
    }

    /// Brings factors onto this layout without changing any ΔW: lower ranks are padded with zeros, and a scale that
    /// differs from the layout's is folded into B.
    ///
    /// - Parameter factors: one entry for each site of the layout, in any order.
    /// - Throws: `layoutMismatch` that names the first site that is missing, unknown, of another shape, or of a rank above
    ///   the layout's, or whose scale cannot be folded within single precision.
    public func place(_ factors: [SiteFactors]) throws(SgloradError) -> LoRAAdapter {
        let bySite = try requireSites(of: factors)
        var ordered: [SiteFactors] = []
        ordered.reserveCapacity(sites.count)
        for site in sites {
            guard let factor = bySite[site.path] else { continue }
            guard factor.rank <= rank else {
                throw .layoutMismatch(
                    site: site.path,
                    reason:
                        "has rank \(factor.rank), above the library's \(rank); compress it to rank \(rank)")
            }
            ordered.append(factor)
        }
        let slices = slices
        // Nothing of the adapter's size is allocated before all of it is known to fit.
        var parameters = [Float](repeating: 0, count: parameterCount)
        for (factor, slice) in zip(ordered, slices) { try place(factor, at: slice, in: &parameters) }
        return LoRAAdapter(layout: self, parameters: parameters)
    }

    private func place(
        _ factor: SiteFactors, at slice: SiteSlice, in parameters: inout [Float]
    ) throws(SgloradError) {
        for index in factor.a.indices { parameters[slice.a.lowerBound + index] = factor.a[index] }
        let fold = factor.scale / scale
        var isFinite = fold.isFinite && fold != 0
        for row in 0..<slice.site.outFeatures {
            for column in 0..<factor.rank {
                let number = factor.b[row * factor.rank + column] * fold
                isFinite = isFinite && number.isFinite
                parameters[slice.b.lowerBound + row * rank + column] = number
            }
        }
        guard isFinite else {
            throw .layoutMismatch(
                site: slice.site.path,
                reason:
                    "has numbers or a scale (\(factor.scale)) that cannot be brought to the base's scale (\(scale))"
            )
        }
    }

    /// An adapter's factors by path, one for each site of this layout, whatever their rank.
    ///
    /// - Throws: `layoutMismatch` that names the first site that is missing, unknown, given twice, or of another shape.
    func requireSites(of factors: [SiteFactors]) throws(SgloradError) -> [String: SiteFactors] {
        var bySite: [String: SiteFactors] = [:]
        for factor in factors {
            guard bySite.updateValue(factor, forKey: factor.site.path) == nil else {
                throw .layoutMismatch(site: factor.site.path, reason: "stands in the adapter twice")
            }
        }
        var extra = Set(bySite.keys)
        for site in sites {
            guard let factor = bySite[site.path] else {
                throw .layoutMismatch(
                    site: site.path,
                    reason: "is missing from the adapter; all experts of a base must adapt the same sites")
            }
            guard factor.site == site else {
                throw .layoutMismatch(
                    site: site.path,
                    reason: "is \(factor.site.inFeatures) → \(factor.site.outFeatures) in the adapter and "
                        + "\(site.inFeatures) → \(site.outFeatures) in the base")
            }
            extra.remove(site.path)
        }
        if let extra = extra.min() { throw .layoutMismatch(site: extra, reason: "is not a site of the base") }
        return bySite
    }
}

public import ErrorModel
public import LinearAlgebra

extension AdapterLayout {
    /// Creates the layout that a library takes from its first adapter: the adapter's sites, its highest rank,
    /// and the scale that all its sites share, or 1 if their scales differ.
    ///
    /// - Throws: `layoutMismatch` as `init(sites:rank:scale:)`.
    public init(of factors: [SiteFactors]) throws(SgloradError) {
        let shared = factors.first?.scale ?? 1
        try self.init(
            sites: factors.map(\.site), rank: factors.map(\.rank).max() ?? 0,
            scale: factors.allSatisfy { $0.scale == shared } ? shared : 1)
    }

    /// Puts factors on this layout without changing any ΔW: lower ranks are padded with zeros, and a scale
    /// that differs from the layout's is folded into B.
    ///
    /// - Parameter factors: one entry for each site of the layout, in any order.
    /// - Throws: `layoutMismatch` that names the first site that is missing, unknown, of another shape or of
    ///   a higher rank than the layout's, or whose scale cannot be folded in single precision.
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
                        "has rank \(factor.rank), and the library has rank \(rank); compress the adapter to rank \(rank)"
                )
            }
            ordered.append(factor)
        }
        let slices = slices
        // The vector is allocated only once everything is known to fit.
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
                    "has parameters that overflow or vanish when its scale \(factor.scale) is changed to the library's \(scale)"
            )
        }
    }

    /// An adapter's factors by path, one for each site of this layout, of any rank.
    ///
    /// - Throws: `layoutMismatch` that names the first site that is missing, unknown, duplicated or of
    ///   another shape.
    func requireSites(of factors: [SiteFactors]) throws(SgloradError) -> [String: SiteFactors] {
        var bySite: [String: SiteFactors] = [:]
        for factor in factors {
            guard bySite.updateValue(factor, forKey: factor.site.path) == nil else {
                throw .layoutMismatch(site: factor.site.path, reason: "occurs twice in the adapter")
            }
        }
        var extra = Set(bySite.keys)
        for site in sites {
            guard let factor = bySite[site.path] else {
                throw .layoutMismatch(
                    site: site.path,
                    reason:
                        "is missing from the adapter; all experts of a base model must adapt the same sites")
            }
            guard factor.site == site else {
                throw .layoutMismatch(
                    site: site.path,
                    reason: "is \(factor.site.inFeatures) → \(factor.site.outFeatures) in the adapter and "
                        + "\(site.inFeatures) → \(site.outFeatures) in the library")
            }
            extra.remove(site.path)
        }
        if let extra = extra.min() {
            throw .layoutMismatch(site: extra, reason: "is not adapted by this library")
        }
        return bySite
    }
}

extension AdapterLayout {
    /// The same sites and scale with another rank.
    ///
    /// - Throws: `layoutMismatch` if the rank is out of range or makes adapters too large.
    public func withRank(_ rank: Int) throws(SgloradError) -> AdapterLayout {
        try AdapterLayout(sites: sites, rank: rank, scale: scale)
    }

    /// Pads an adapter's vector with zeros from this layout to one of the same sites and a higher rank.
    public func padded(_ parameters: FloatVector, to other: AdapterLayout) -> FloatVector {
        precondition(
            sites == other.sites && rank <= other.rank, "the layouts differ by more than a higher rank")
        guard rank < other.rank else { return parameters }
        return FloatVector(count: other.parameterCount) { result in
            parameters.withUnsafeBufferPointer { numbers in
                for (from, to) in zip(slices, other.slices) {
                    for index in 0..<from.a.count {
                        result[to.a.lowerBound + index] = numbers[from.a.lowerBound + index]
                    }
                    for row in 0..<from.site.outFeatures {
                        for column in 0..<rank {
                            result[to.b.lowerBound + row * other.rank + column] =
                                numbers[from.b.lowerBound + row * rank + column]
                        }
                    }
                }
            }
        }
    }
}

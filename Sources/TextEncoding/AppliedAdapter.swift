internal import LowRank

/// An adapter's factors by the encoder's linear layers, valid while the adapter's memory is held.
struct AppliedAdapter {
    /// The rank r of every site.
    let rank: Int
    /// What B·A is multiplied by.
    let scale: Float
    private let parameters: UnsafePointer<Float>
    /// For each linear layer of the encoder, where its factors are.
    private let slices: [SiteSlice?]

    /// Runs `body` with an adapter whose layout the encoder has checked, or with none.
    static func with<R>(
        _ adapter: LoRAAdapter?, over layers: [LinearLayer], _ body: (AppliedAdapter?) -> R
    ) -> R {
        guard let adapter else { return body(nil) }
        var byPath: [String: SiteSlice] = [:]
        for slice in adapter.layout.slices { byPath[slice.site.path] = slice }
        let slices = layers.map { byPath[$0.site.path] }
        return adapter.parameters.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return body(nil) }
            return body(
                AppliedAdapter(
                    rank: adapter.layout.rank, scale: adapter.layout.scale, parameters: base, slices: slices))
        }
    }

    /// Where a layer's factors are in the adapter's vector, or nil when the adapter leaves it as it is.
    func slice(of layer: Int) -> SiteSlice? { slices[layer] }

    /// A `[rank, in]` and B `[out, rank]` of a layer, or nil when the adapter leaves it as it is.
    func factors(of layer: Int) -> (a: UnsafePointer<Float>, b: UnsafePointer<Float>)? {
        guard let slice = slices[layer] else { return nil }
        return (parameters + slice.a.lowerBound, parameters + slice.b.lowerBound)
    }
}

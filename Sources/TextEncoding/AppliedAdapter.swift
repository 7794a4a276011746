internal import CEncoderKernels
internal import LowRank

/// An adapter's factors by linear layer, valid as long as the adapter's memory is.
struct AppliedAdapter {
    let rank: Int
    /// The factor of B·A in ΔW.
    let scale: Float
    private let parameters: UnsafePointer<Float>
    /// The ranges of each linear layer's factors; nil if the adapter does not change the layer.
    private let slices: [SiteSlice?]
    /// A and B of each layer, packed for the kernels.
    private let packed: [(a: EncoderWeights, b: EncoderWeights)?]

    /// Calls `body` with an adapter whose layout the encoder has checked, or with nil.
    static func with<R>(
        _ adapter: LoRAAdapter?, over layers: [LinearLayer], _ body: (AppliedAdapter?) -> R
    ) -> R {
        guard let adapter else { return body(nil) }
        var byPath: [String: SiteSlice] = [:]
        for slice in adapter.layout.slices { byPath[slice.site.path] = slice }
        let slices = layers.map { byPath[$0.site.path] }
        let rank = adapter.layout.rank
        let sizes = slices.map { slice in
            slice.map { (a: size(rank, $0.site.inFeatures), b: size($0.site.outFeatures, rank)) }
        }
        let memory = FloatMemory(sizes.reduce(0) { $0 + ($1.map { $0.a + $0.b } ?? 0) })
        return adapter.parameters.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return body(nil) }
            var place = memory.base
            let packed = zip(slices, sizes).map { slice, size in
                guard let slice, let size else { return nil as (a: EncoderWeights, b: EncoderWeights)? }
                defer { place += size.a + size.b }
                return (
                    a: EncoderKernels.pack(
                        base + slice.a.lowerBound, outputs: rank, inputs: slice.site.inFeatures,
                        ENCODER_FLOAT32, into: place),
                    b: EncoderKernels.pack(
                        base + slice.b.lowerBound, outputs: slice.site.outFeatures, inputs: rank,
                        ENCODER_FLOAT32, into: place + size.a)
                )
            }
            return withExtendedLifetime(memory) {
                body(
                    AppliedAdapter(
                        rank: rank, scale: adapter.layout.scale, parameters: base, slices: slices,
                        packed: packed))
            }
        }
    }

    /// The size of a packed factor, in numbers, rounded up to whole cache lines.
    private static func size(_ outputs: Int, _ inputs: Int) -> Int {
        (EncoderKernels.packedSize(outputs: outputs, inputs: inputs, ENCODER_FLOAT32) / 4 + 15) & ~15
    }

    /// The ranges of a layer's factors in the adapter's vector; nil if the adapter does not change the layer.
    func slice(of layer: Int) -> SiteSlice? { slices[layer] }

    /// A `[rank, in]` and B `[out, rank]` of a layer; nil if the adapter does not change it.
    func factors(of layer: Int) -> (a: UnsafePointer<Float>, b: UnsafePointer<Float>)? {
        guard let slice = slices[layer] else { return nil }
        return (parameters + slice.a.lowerBound, parameters + slice.b.lowerBound)
    }

    /// A and B of a layer, packed; nil if the adapter does not change it.
    func packedFactors(of layer: Int) -> (a: EncoderWeights, b: EncoderWeights)? { packed[layer] }
}

public import ErrorModel
internal import LinearAlgebra
public import LowRank
internal import StrictGGUF

/// Writes adapters as GGUF files that llama.cpp loads; the same adapter always gives the same bytes.
///
/// A and B are left as they are, apart from the order of rows that the model's own file has; the scale is stated as alpha.
/// Source: llama.cpp's `src/llama-adapter.cpp` and `convert_lora_to_gguf.py`.
public enum GGUFAdapterWriter {
    /// The file's name in an adapter's folder.
    public static let fileName = "adapter_model.gguf"
    /// The largest number in half precision.
    private static let largestHalf: Float = 65_504

    /// The file of an adapter, ready to be written to memory or to a file.
    ///
    /// - Parameters:
    ///   - adapter: all parameters must be finite.
    ///   - base: the GGUF file of the base model, which names the tensors.
    ///   - type: how A and B are stored.
    ///   - provenance: texts for the metadata, by key.
    /// - Throws: `layoutMismatch` if a site has no tensor in the base's file, a number is too large for half precision, or the
    ///   scale cannot be stated as an alpha; `internal` if a parameter is NaN or infinite, or a key is invalid.
    public static func file(
        for adapter: LoRAAdapter, base: GGUFBase, type: GGUFWriter.ElementType, provenance: [String: String]
    ) throws(SgloradError) -> GGUFWriter {
        let layout = adapter.layout
        let places = try base.places(of: layout)
        if let bad = adapter.parameters.firstIndex(where: { !$0.isFinite }) {
            throw .internal("the adapter's parameter \(bad) is \(adapter.parameters[bad])")
        }
        var writer = GGUFWriter()
        for (key, text) in provenance { try writer.set(key, .string(text)) }
        try writer.set("sglorad.base.sha256", .string(base.digest))
        try writer.set("general.architecture", .string(base.architecture.rawValue))
        try writer.set("general.type", .string("adapter"))
        // `LLAMA_FTYPE_ALL_F32` and `LLAMA_FTYPE_MOSTLY_F16`.
        try writer.set("general.file_type", .uint32(type == .float32 ? 0 : 1))
        try writer.set("adapter.type", .string("lora"))
        try writer.set("adapter.lora.alpha", .float32(try alpha(of: layout)))
        let numbers = FloatVector(adapter.parameters)
        for (slice, place) in zip(layout.slices, places) {
            if type == .float16 {
                try requireHalf(adapter.parameters[slice.a.lowerBound..<slice.b.upperBound], slice.site)
            }
            try writer.add(
                "\(place.tensor).lora_a", shape: [slice.site.inFeatures, layout.rank],
                values: numbers[slice.a], as: type)
            try writer.add(
                "\(place.tensor).lora_b", shape: [layout.rank, slice.site.outFeatures],
                values: rows(numbers[slice.b], of: slice.site, rank: layout.rank, at: place), as: type)
        }
        return writer
    }

    /// B `[out, rank]` with its rows in the order of the model's tensor.
    private static func rows(_ b: FloatVector, of site: Site, rank: Int, at place: GGUFPlace) -> FloatVector {
        guard place.heads != nil else { return b }
        return FloatVector(count: b.count) { result in
            b.withUnsafeBufferPointer { numbers in
                for row in 0..<site.outFeatures {
                    let source = place.sourceRow(row, of: site.outFeatures) * rank
                    for column in 0..<rank { result[row * rank + column] = numbers[source + column] }
                }
            }
        }
    }

    private static func requireHalf(_ numbers: ArraySlice<Float>, _ site: Site) throws(SgloradError) {
        guard let large = numbers.first(where: { abs($0) > largestHalf }) else { return }
        throw .layoutMismatch(
            site: site.path,
            reason:
                "has the parameter \(large), which is too large for half precision. Write the adapter in single precision"
        )
    }

    /// The alpha from which llama.cpp computes the layout's scale, as alpha / rank in single precision; at most one unit in
    /// the last place off where no alpha gives it exactly.
    ///
    /// - Throws: `layoutMismatch` if it is infinite or 0; llama.cpp takes an alpha of 0 as a scale of 1.
    static func alpha(of layout: AdapterLayout) throws(SgloradError) -> Float {
        let rank = Float(layout.rank)
        let nearest = Float(Double(layout.scale) * Double(layout.rank))
        let alpha =
            [nearest, nearest.nextUp, nearest.nextDown].first { $0 / rank == layout.scale } ?? nearest
        guard alpha.isFinite, alpha != 0 else {
            throw .layoutMismatch(
                site: layout.sites[0].path,
                reason:
                    "has scale \(layout.scale), which cannot be stated as an alpha for rank \(layout.rank) in a GGUF file"
            )
        }
        return alpha
    }
}

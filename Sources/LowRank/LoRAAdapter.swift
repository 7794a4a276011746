/// LoRA parameters on a layout: at each site, W becomes W + scale·B·A.
public struct LoRAAdapter: Sendable {
    /// The sites, rank and scale.
    public let layout: AdapterLayout
    /// The layout's `parameterCount` numbers: for each site A `[rank, in]`, then B `[out, rank]`.
    public let parameters: [Float]

    /// Makes an adapter over `layout.parameterCount` numbers.
    public init(layout: AdapterLayout, parameters: [Float]) {
        precondition(
            parameters.count == layout.parameterCount,
            "\(parameters.count) numbers for a layout of \(layout.parameterCount)")
        self.layout = layout
        self.parameters = parameters
    }

    /// The factors of each site, in the layout's order.
    public var factors: [SiteFactors] {
        layout.slices.map { slice in
            SiteFactors(
                site: slice.site, rank: layout.rank, scale: layout.scale, a: Array(parameters[slice.a]),
                b: Array(parameters[slice.b]))
        }
    }
}

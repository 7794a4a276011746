/// A LoRA adapter on a layout: at each site, W becomes W + scale·B·A.
///
/// Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
public struct LoRAAdapter: Sendable {
    public let layout: AdapterLayout
    /// `layout.parameterCount` numbers: for each site A `[rank, in]`, then B `[out, rank]`.
    public let parameters: [Float]

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

/// One site's factors as a file holds them: with a rank and a scale of their own, not yet on a library's
/// layout.
public struct SiteFactors: Sendable {
    public let site: Site
    public let rank: Int
    /// The factor of B·A in ΔW at this site.
    public let scale: Float
    /// A, `[rank, in]`, row-major.
    public let a: [Float]
    /// B, `[out, rank]`, row-major.
    public let b: [Float]

    /// Creates the factors of one site; `a` and `b` hold `rank * in` and `out * rank` numbers.
    public init(site: Site, rank: Int, scale: Float, a: [Float], b: [Float]) {
        precondition(a.count == rank * site.inFeatures && b.count == rank * site.outFeatures, site.path)
        self.site = site
        self.rank = rank
        self.scale = scale
        self.a = a
        self.b = b
    }
}

/// One site's factors as a file brought them: of a rank and a scale of their own, not yet on a library's layout.
public struct SiteFactors: Sendable {
    /// The site.
    public let site: Site
    /// The rank r of this site's factors.
    public let rank: Int
    /// What B·A is multiplied by at this site.
    public let scale: Float
    /// A, `[rank, in]`, row-major.
    public let a: [Float]
    /// B, `[out, rank]`, row-major.
    public let b: [Float]

    /// Makes the factors of one site; `a` and `b` hold `rank * in` and `out * rank` numbers.
    public init(site: Site, rank: Int, scale: Float, a: [Float], b: [Float]) {
        precondition(a.count == rank * site.inFeatures && b.count == rank * site.outFeatures, site.path)
        self.site = site
        self.rank = rank
        self.scale = scale
        self.a = a
        self.b = b
    }
}

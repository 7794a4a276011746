public import ErrorModel

/// The ordered sites of a base model, and the rank and scale that all adapters of its library share.
///
/// Two adapters can be combined only on one layout. As a vector, an adapter is its sites in order, and for each site A
/// `[rank, in]` and then B `[out, rank]`, both row-major: ``parameterCount`` numbers in all.
public struct AdapterLayout: Sendable, Hashable, Codable {
    /// The sites, sorted by path, each path once.
    public let sites: [Site]
    /// The rank r of every site's A and B.
    public let rank: Int
    /// What B·A is multiplied by: alpha/r, or alpha/√r under rsLoRA.
    public let scale: Float

    /// The most numbers that an adapter may have, D; BLAS counts in 32 bits.
    public static let maximumParameterCount = Int(Int32.max)

    /// Makes a layout from sites in any order.
    ///
    /// - Parameters:
    ///   - sites: at least one; paths not empty, each once (canonically equivalent ones are the same); features from 1 to
    ///     2^24; ``maximumParameterCount`` numbers in all at most.
    ///   - rank: from 1 to 4,096. As in PEFT, it may exceed a site's features.
    ///   - scale: finite and not zero.
    /// - Throws: `layoutMismatch` that names the site or the number that is out of range.
    public init(sites: [Site], rank: Int, scale: Float) throws(SgloradError) {
        guard !sites.isEmpty else {
            throw .layoutMismatch(site: "", reason: "is missing: a layout needs one or more")
        }
        guard (1...4096).contains(rank) else {
            throw .layoutMismatch(site: sites[0].path, reason: "has rank \(rank); it must be 1 to 4096")
        }
        guard scale.isFinite, scale != 0 else {
            throw .layoutMismatch(
                site: sites[0].path, reason: "has scale \(scale); it must be finite and not 0")
        }
        let sorted = sites.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var total = 0
        var paths: Set<String> = []
        for site in sorted {
            guard !site.path.isEmpty else { throw .layoutMismatch(site: "", reason: "has an empty path") }
            guard paths.insert(site.path).inserted else {
                throw .layoutMismatch(site: site.path, reason: "stands in the layout twice")
            }
            let features = 1...(1 << 24)
            guard features.contains(site.inFeatures), features.contains(site.outFeatures) else {
                throw .layoutMismatch(
                    site: site.path,
                    reason:
                        "has \(site.inFeatures) → \(site.outFeatures) features; each must be 1 to \(1 << 24)")
            }
            let size = rank * (site.inFeatures + site.outFeatures)
            guard size <= Self.maximumParameterCount - total else {
                throw .layoutMismatch(
                    site: site.path,
                    reason: "makes the adapter larger than \(Self.maximumParameterCount) numbers")
            }
            total += size
        }
        self.sites = sorted
        self.rank = rank
        self.scale = scale
    }

    /// Decodes a layout and checks it as `init(sites:rank:scale:)` does.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            sites: container.decode([Site].self, forKey: .sites),
            rank: container.decode(Int.self, forKey: .rank),
            scale: container.decode(Float.self, forKey: .scale))
    }

    /// D: how many numbers an adapter of this layout has.
    public var parameterCount: Int {
        sites.reduce(0) { $0 + rank * ($1.inFeatures + $1.outFeatures) }
    }

    /// Where each site's A and B lie in an adapter's vector, in the order of ``sites``.
    public var slices: [SiteSlice] {
        var offset = 0
        return sites.map { site in
            let a = offset..<offset + rank * site.inFeatures
            let b = a.upperBound..<a.upperBound + rank * site.outFeatures
            offset = b.upperBound
            return SiteSlice(site: site, a: a, b: b)
        }
    }
}

/// Where one site's factors lie in an adapter's vector.
public struct SiteSlice: Sendable {
    /// The site.
    public let site: Site
    /// The stretch that holds A, `[rank, in]`, row-major.
    public let a: Range<Int>
    /// The stretch that holds B, `[out, rank]`, row-major.
    public let b: Range<Int>
}

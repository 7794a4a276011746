public import ErrorModel

/// The sites of a base model in order, with the rank and scale that all adapters of its library share.
///
/// Only adapters on the same layout can be combined. An adapter's vector holds, for each site in order, A
/// `[rank, in]` and then B `[out, rank]`, both row-major: ``parameterCount`` numbers in all.
public struct AdapterLayout: Sendable, Hashable, Codable {
    /// The sites, sorted by path, without duplicates.
    public let sites: [Site]
    /// The rank r of A and B at every site.
    public let rank: Int
    /// The factor of B·A in ΔW: alpha/r, or alpha/√r with rsLoRA.
    public let scale: Float

    /// The largest number of parameters D that an adapter may have; BLAS counts in 32 bits.
    public static let maximumParameterCount = Int(Int32.max)

    /// Creates a layout from sites in any order.
    ///
    /// - Parameters:
    ///   - sites: at least one, with non-empty, distinct paths (canonically equivalent paths are equal) and 1
    ///     to 2^24 features on either side; at most ``maximumParameterCount`` parameters in all.
    ///   - rank: 1 to 4,096. As in PEFT, it may exceed a site's features.
    ///   - scale: finite and not zero.
    /// - Throws: `layoutMismatch` that names the site and the value that is out of range.
    public init(sites: [Site], rank: Int, scale: Float) throws(SgloradError) {
        guard !sites.isEmpty else {
            throw .layoutMismatch(site: "", reason: "is missing; a layout needs at least one site")
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
                throw .layoutMismatch(site: site.path, reason: "occurs twice in the layout")
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
                    reason: "makes the adapter larger than \(Self.maximumParameterCount) parameters")
            }
            total += size
        }
        self.sites = sorted
        self.rank = rank
        self.scale = scale
    }

    /// Decodes a layout, with the checks of `init(sites:rank:scale:)`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            sites: container.decode([Site].self, forKey: .sites),
            rank: container.decode(Int.self, forKey: .rank),
            scale: container.decode(Float.self, forKey: .scale))
    }

    /// D, the number of parameters of an adapter on this layout.
    public var parameterCount: Int {
        sites.reduce(0) { $0 + rank * ($1.inFeatures + $1.outFeatures) }
    }

    /// Where the factors of each site lie in an adapter's vector, in the order of ``sites``.
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

/// The ranges of one site's factors in an adapter's vector.
public struct SiteSlice: Sendable {
    public let site: Site
    /// A, `[rank, in]`, row-major.
    public let a: Range<Int>
    /// B, `[out, rank]`, row-major.
    public let b: Range<Int>
}

/// A linear layer of a base model that LoRA adapts.
public struct Site: Sendable, Hashable, Codable {
    /// The module's path in the base model, such as `encoder.layer.0.attention.self.query`.
    public let path: String
    public let inFeatures: Int
    public let outFeatures: Int

    public init(path: String, inFeatures: Int, outFeatures: Int) {
        self.path = path
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
    }
}

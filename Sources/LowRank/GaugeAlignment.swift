public import ErrorModel

/// Maps one expert's factors to its library's gauge and rank: one G for each site, shared by all checkpoints.
public struct GaugeAlignment: Sendable {
    /// The effective rank: the highest rank of ΔW at any site, over all checkpoints.
    public let rank: Int
    /// The distance from the reference, a mean over the sites: 0 (the same space) to 1 (nothing in common
    /// beyond chance).
    public let distance: Double
    /// Whether the expert shares no gauge with the library, so that it can only be merged by ΔW.
    ///
    /// It was trained from another initialisation, or has directions that the reference does not have.
    public let isForeign: Bool
    /// Whether both the expert and the reference have directions at some site, so that the distance tells something.
    public let isComparable: Bool
    private let maps: [SiteMap]
    private let layout: AdapterLayout

    /// The distance above which an expert is foreign.
    ///
    /// Experts of one initialisation (the example zoo) are at most 0.42 apart, experts of different
    /// initialisations at least 0.98.
    public static let foreignDistance = 0.7

    /// Fits the gauge of an expert to a library's.
    ///
    /// - Parameters:
    ///   - checkpoints: the factors of each of the expert's checkpoints, at least one, all of the same ranks.
    ///   - reference: the library's.
    ///   - layout: the library's; the files may have another rank. If the expert's effective rank is within
    ///     the library's, directions that never reach ΔW are dropped.
    /// - Throws: `layoutMismatch` that names a site that is missing, unknown or of another shape.
    public init(
        of checkpoints: [[SiteFactors]], to reference: GaugeReference, on layout: AdapterLayout
    ) throws(SgloradError) {
        var fits: [SiteFit] = []
        let sites = try SiteMoments.all(of: checkpoints, on: layout, reference: reference)
        for site in sites { fits.append(try SiteFit(site)) }
        rank = fits.map(\.rank).max() ?? 0
        let near = fits.compactMap(\.nearness)
        isComparable = !near.isEmpty
        let beyond = fits.contains { $0.nearness == nil && $0.rank > 0 }
        let nearness = near.isEmpty ? 0 : near.reduce(0, +) / Double(near.count)
        let isZero = fits.allSatisfy { $0.rank == 0 }
        distance = isZero || (near.isEmpty && !beyond) ? 0 : beyond && near.isEmpty ? 1 : 1 - nearness
        isForeign = beyond || distance > Self.foreignDistance
        self.layout = layout
        guard isForeign else {
            maps = fits.map(\.map)
            return
        }
        // There is no gauge to align with. Factors that fit the library's rank are kept, others are
        // compressed without loss.
        var kept: [SiteMap] = []
        for site in sites {
            kept.append(
                site.grams.rank <= layout.rank ? .identity : try ThinFrame(site.grams).balancedMap)
        }
        maps = kept
    }

    /// The effective rank of an expert: the highest rank of ΔW at any site, over all checkpoints.
    ///
    /// - Throws: `layoutMismatch` that names a site that is missing, unknown or of another shape.
    public static func rank(
        of checkpoints: [[SiteFactors]], on layout: AdapterLayout
    ) throws(SgloradError) -> Int {
        var rank = 0
        for site in try SiteMoments.all(of: checkpoints, on: layout, reference: nil) {
            rank = max(rank, try ThinFrame(site.grams).rank)
        }
        return rank
    }

    /// Whether the factors are only padded.
    public var isIdentity: Bool {
        maps.allSatisfy { if case .identity = $0 { true } else { false } }
    }

    /// Maps one checkpoint's factors to the library's gauge, rank and scale.
    ///
    /// - Throws: `layoutMismatch` as `AdapterLayout.place`, or if ``rank`` is above the layout's.
    public func place(_ factors: [SiteFactors]) throws(SgloradError) -> LoRAAdapter {
        try layout.place(SiteMap.apply(maps, to: factors, on: layout))
    }
}

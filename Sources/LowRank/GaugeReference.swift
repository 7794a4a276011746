public import ErrorModel
public import LinearAlgebra

/// The factors that define a library's gauge: those of its first expert, kept after that expert is removed.
///
/// (A, B) and (G⁻¹A, BG) are the same adapter for any invertible G, so factors can be averaged only if all
/// share one gauge.
public struct GaugeReference: Sendable {
    /// The factors' layout; its rank may be below the library's, which can rise later.
    public let layout: AdapterLayout
    /// `layout.parameterCount` numbers.
    public let parameters: FloatVector

    /// Restores a reference from stored factors.
    public init(layout: AdapterLayout, parameters: FloatVector) {
        precondition(
            parameters.count == layout.parameterCount,
            "\(parameters.count) numbers for a layout of \(layout.parameterCount)")
        self.layout = layout
        self.parameters = parameters
    }

    /// The row norm of PEFT's initial A (Kaiming uniform with a = √5: variance 1/(3·in)), used for factors
    /// whose own norms are unusable.
    private static let rowNorm = (1.0 / 3).squareRoot()

    /// Creates the reference of a library from its first expert.
    ///
    /// A site's factors are kept where they are suitable. Where A's rows are nearly dependent, or A and B
    /// differ much in size, A is given orthogonal rows with the norm of PEFT's initialisation.
    ///
    /// - Parameters:
    ///   - checkpoints: the factors of each of the expert's checkpoints; at least one.
    ///   - layout: the library's, with at least the expert's effective rank.
    /// - Throws: `layoutMismatch` as `AdapterLayout.place`.
    public init(
        first checkpoints: [[SiteFactors]], on layout: AdapterLayout
    ) throws(SgloradError) {
        var maps: [SiteMap] = []
        for site in try SiteMoments.all(of: checkpoints, on: layout, reference: nil) {
            if site.grams.rank <= layout.rank, site.grams.isNatural {
                maps.append(.identity)
            } else {
                maps.append(try ThinFrame(site.grams).map(norm: Self.rowNorm, total: layout.rank))
            }
        }
        let mean = try Self.mean(of: checkpoints, on: layout, through: maps)
        self.init(layout: layout, parameters: FloatVector(mean))
    }

    private static func mean(
        of checkpoints: [[SiteFactors]], on layout: AdapterLayout, through maps: [SiteMap]
    ) throws(SgloradError) -> [Float] {
        if let only = checkpoints.first, checkpoints.count == 1 {
            return try layout.place(SiteMap.apply(maps, to: only, on: layout)).parameters
        }
        var sum = [Double](repeating: 0, count: layout.parameterCount)
        for factors in checkpoints {
            let placed = try layout.place(SiteMap.apply(maps, to: factors, on: layout)).parameters
            for index in sum.indices { sum[index] += Double(placed[index]) }
        }
        return sum.map { Float($0 / Double(checkpoints.count)) }
    }
}

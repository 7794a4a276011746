public import ErrorModel
public import LinearAlgebra

/// The factors that fix a library's gauge: those of its first expert, which they outlive.
///
/// (A, B) and (G⁻¹A, BG) are one adapter for any invertible G; factors can be averaged only where all share the gauge.
public struct GaugeReference: Sendable {
    /// The layout that the factors lie on; its rank may be below the library's, which can rise.
    public let layout: AdapterLayout
    /// The factors, `layout.parameterCount` numbers.
    public let parameters: FloatVector

    /// A reference over stored factors.
    public init(layout: AdapterLayout, parameters: FloatVector) {
        precondition(
            parameters.count == layout.parameterCount,
            "\(parameters.count) numbers for a layout of \(layout.parameterCount)")
        self.layout = layout
        self.parameters = parameters
    }

    /// The row norm of PEFT's initial A (Kaiming uniform with a = √5: variance 1/(3·in)), for factors whose own is unusable.
    private static let rowNorm = (1.0 / 3).squareRoot()

    /// Makes the reference of a library from its first expert.
    ///
    /// Where a site's factors are fit to be one, they stay as they are; where A's rows are nearly dependent, or A and B
    /// of very different size, they are brought to orthogonal rows of the norm that PEFT starts from.
    ///
    /// - Parameters:
    ///   - checkpoints: the factors of each of the expert's checkpoints; at least one.
    ///   - layout: the library's, of the expert's effective rank or above.
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

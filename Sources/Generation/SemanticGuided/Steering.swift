public import LinearAlgebra
public import LowRank
public import SemanticGuidance

/// A correction of the merge μ* that is learned from the experts' own tasks.
///
/// The experts are clustered into a few modes (kinds of task). For a neighbourhood with weights α, mode m has
/// the share g_m = Σ α_k over its experts, and the steered parameters are
/// x = x̄ + Σ_m g_m (γ_m ∘ (μ* − x̄) + s_m). Each mode has a gain γ for the A and the B of each site, and a
/// shift s. Gains of 1 and shifts of 0 give μ*. This goes beyond the SG-LoRA paper.
public struct Steering: Sendable {
    /// The mode of each expert, in the library's order.
    public internal(set) var modes: [Int]
    /// γ, `[modes, 2 · sites]`: for each site the gain of A, then that of B.
    public internal(set) var gains: Matrix
    /// s, `[modes, D]`.
    public internal(set) var shifts: Matrix

    /// Creates a steering that changes nothing.
    ///
    /// - Parameters:
    ///   - modes: the mode of each expert, from 0.
    ///   - layout: the layout of the steered adapters.
    public init(neutral modes: [Int], layout: AdapterLayout) {
        let count = (modes.max() ?? 0) + 1
        let halves = 2 * layout.sites.count
        self.modes = modes
        gains = Matrix(rows: count, columns: halves, values: [Float](repeating: 1, count: count * halves))
        shifts = Matrix(rows: count, columns: layout.parameterCount)
    }

    /// Creates a steering from stored values.
    public init(modes: [Int], gains: Matrix, shifts: Matrix) {
        self.modes = modes
        self.gains = gains
        self.shifts = shifts
    }

    /// g: the share of each mode in a neighbourhood.
    func shares(_ neighbourhood: Neighbourhood) -> [Float] {
        var shares = [Float](repeating: 0, count: gains.rows)
        for member in neighbourhood.members { shares[modes[member.expert]] += member.weight }
        return shares
    }

    /// Replaces μ* by x.
    ///
    /// - Parameters:
    ///   - mean: μ* of the neighbourhood, D values.
    ///   - neighbourhood: the experts that guide, and their weights.
    ///   - origin: x̄, D values.
    ///   - layout: the layout of the adapter.
    public func apply(
        to mean: inout [Float], guidedBy neighbourhood: Neighbourhood, origin: FloatVector,
        layout: AdapterLayout
    ) {
        let shares = shares(neighbourhood)
        let halves = Self.halves(of: layout)
        mean.withUnsafeMutableBufferPointer { mean in
            origin.withUnsafeBufferPointer { origin in
                for (half, range) in halves.enumerated() {
                    var gain: Float = 0
                    for mode in shares.indices { gain += shares[mode] * gains[mode, half] }
                    for place in range { mean[place] = origin[place] + gain * (mean[place] - origin[place]) }
                }
                shifts.values.withUnsafeBufferPointer { shifts in
                    guard let x = shifts.baseAddress, let y = mean.baseAddress else { return }
                    for mode in shares.indices where shares[mode] > 0 {
                        BLAS.axpy(count: mean.count, alpha: shares[mode], x: x + mode * mean.count, y: y)
                    }
                }
            }
        }
    }

    /// The ranges of the parameters that share a gain: each site's A, then its B.
    static func halves(of layout: AdapterLayout) -> [Range<Int>] {
        layout.slices.flatMap { [$0.a, $0.b] }
    }
}

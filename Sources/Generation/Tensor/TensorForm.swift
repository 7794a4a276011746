/// How the cores of a site and its generated seed are contracted to ΔW; raw values are the names in the protocol.
///
/// Both forms fold exactly into a plain LoRA of the library's rank r, with r generated numbers a site.
public enum TensorForm: String, Sendable, Hashable, Codable, CaseIterable {
    /// Canonical polyadic, of rank r: ΔW = Σ_k c_k b_k a_kᵀ, with the seed c `[r]`.
    ///
    /// The fold is A' = diag(c)·A, B' = B.
    case cp
    /// A tensor ring of the ring rank R = √r: ΔW[o, i] = Σ_{a,b,c} B[b, o, c] C[c, a] A[a, i, b], with the seed C `[R, R]`.
    ///
    /// The fold is A'[(a, b), i] = A[a, i, b], B'[o, (a, b)] = Σ_c B[b, o, c] C[c, a]. With C = I it is a bijection: every LoRA
    /// of rank R² is such a ring.
    case ring

    /// The ring rank of an adapter's rank; nil if that is not a square.
    static func ringRank(of rank: Int) -> Int? {
        let root = Int(Double(rank).squareRoot().rounded())
        return root * root == rank ? root : nil
    }

    /// The seed that leaves the cores as they are, `rank` numbers: ones, or the identity.
    func neutralSeed(rank: Int) -> [Float] {
        switch self {
        case .cp: return [Float](repeating: 1, count: rank)
        case .ring:
            let root = Self.ringRank(of: rank) ?? 1
            return (0..<rank).map { $0 / root == $0 % root ? 1 : 0 }
        }
    }
}

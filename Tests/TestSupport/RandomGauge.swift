internal import Foundation
public import LinearAlgebra

/// A random change of gauge of one site: A → G⁻¹A, B → BG keeps ΔW = BA.
public struct RandomGauge: Sendable {
    /// The invertible matrix G, `[rank, rank]`.
    public let g: DoubleMatrix
    /// G⁻¹, `[rank, rank]`.
    public let inverse: DoubleMatrix

    /// Draws G as rotation, stretch and rotation.
    ///
    /// - Parameters:
    ///   - spread: each direction is stretched by a factor between 1/`spread` and `spread`.
    ///   - decades: A and B are unbalanced by a factor within 10^±`decades`.
    public init(
        rank: Int, spread: Double = 3, decades: Double = 3, random: inout CounterRandom
    ) {
        let (u, v) = (Self.rotation(rank, &random), Self.rotation(rank, &random))
        let balance = pow(10, decades * (2 * Double(random.uniform()) - 1))
        let stretch = (0..<rank).map { _ in balance * pow(spread, 2 * Double(random.uniform()) - 1) }
        g = u.scalingColumns(by: stretch).multiplied(by: v, transposeOther: true)
        inverse = v.scalingColumns(by: stretch.map { 1 / $0 }).multiplied(by: u, transposeOther: true)
    }

    /// A random orthogonal matrix, by Gram-Schmidt.
    private static func rotation(_ rank: Int, _ random: inout CounterRandom) -> DoubleMatrix {
        var rows: [[Double]] = []
        while rows.count < rank {
            var row = random.gaussians(rank).map(Double.init)
            for other in rows {
                let part = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
                for index in row.indices { row[index] -= part * other[index] }
            }
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            rows.append(row.map { $0 / norm })
        }
        return DoubleMatrix(rows: rank, joining: rows)
    }
}

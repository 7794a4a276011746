import ErrorModel
import LinearAlgebra
import Testing

@Suite("SymmetricEigen")
struct SymmetricEigenTests {
    @Test func `eigenpairs are descending, orthonormal and reconstruct the matrix`() throws {
        let order = 12
        var random = CounterRandom(seed: 9)
        let half = random.gaussians(order * order).map(Double.init)
        var matrix = [Double](repeating: 0, count: order * order)
        for row in 0..<order {
            for column in 0..<order {
                matrix[row * order + column] = half[row * order + column] + half[column * order + row]
            }
        }
        let eigen = try SymmetricEigen(matrix, order: order)
        #expect(eigen.values == eigen.values.sorted(by: >))
        for row in 0..<order {
            for column in 0..<order {
                let sum = (0..<order).reduce(0.0) {
                    $0 + eigen.values[$1] * eigen.vectors[$1][row] * eigen.vectors[$1][column]
                }
                #expect(abs(sum - matrix[row * order + column]) < 1e-10)
                let inner = zip(eigen.vectors[row], eigen.vectors[column]).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(abs(inner - (row == column ? 1 : 0)) < 1e-12)
            }
        }
    }

    @Test func `the largest component of an eigenvector is positive`() throws {
        let eigen = try SymmetricEigen([2, -1, -1, 2], order: 2)
        #expect(abs(eigen.values[0] - 3) < 1e-12 && abs(eigen.values[1] - 1) < 1e-12)
        for vector in eigen.vectors {
            let peak = try #require(vector.max { abs($0) < abs($1) })
            #expect(peak > 0)
        }
    }

    @Test func `an empty matrix has no eigenvalues`() throws {
        let eigen = try SymmetricEigen([], order: 0)
        #expect(eigen.values.isEmpty && eigen.vectors.isEmpty)
    }

    @Test(arguments: [Double.nan, .infinity]) func `NaN and infinity are rejected`(number: Double) {
        let error = #expect(throws: SgloradError.self) {
            try SymmetricEigen([1, number, number, 1], order: 2)
        }
        #expect(error?.code == .internal)
    }
}

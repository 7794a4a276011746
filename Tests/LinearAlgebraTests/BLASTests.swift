import LinearAlgebra
import Testing

@Suite("BLAS and Matrix")
struct BLASTests {
    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var random = CounterRandom(seed: seed)
        return Matrix(rows: rows, columns: columns, values: random.gaussians(rows * columns))
    }

    private func transpose(_ matrix: Matrix) -> Matrix {
        var result = Matrix(rows: matrix.columns, columns: matrix.rows)
        for row in 0..<matrix.rows {
            for column in 0..<matrix.columns { result[column, row] = matrix[row, column] }
        }
        return result
    }

    @Test(arguments: [(false, false), (true, false), (false, true), (true, true)])
    func `matrix products match the naive algorithm`(transposeA: Bool, transposeB: Bool) {
        let a = random(5, 11, seed: 1)
        let b = random(11, 7, seed: 2)
        let product = (transposeA ? transpose(a) : a).multiplied(
            by: transposeB ? transpose(b) : b, transposeSelf: transposeA, transposeOther: transposeB)
        #expect(product.rows == 5 && product.columns == 7)
        for row in 0..<5 {
            for column in 0..<7 {
                let expected = (0..<11).reduce(0.0) { $0 + Double(a[row, $1]) * Double(b[$1, column]) }
                #expect(abs(Double(product[row, column]) - expected) < 1e-5)
            }
        }
    }

    @Test func `gemm scales, accumulates and skips the padding between rows`() {
        let a: [Float] = [1, 2, 9, 3, 4, 9]
        let b: [Float] = [1, 0, 0, 1]
        var c: [Float] = [10, 20, 7, 30, 40, 7]
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                    BLAS.gemm(m: 2, n: 2, k: 2, alpha: 2, a: a, lda: 3, b: b, ldb: 2, beta: 0.5, c: c, ldc: 3)
                }
            }
        }
        #expect(c == [7, 14, 7, 21, 28, 7])
    }

    @Test(arguments: [false, true]) func `gemv matches the naive algorithm`(transpose: Bool) {
        let a = random(4, 6, seed: 3)
        let x = random(1, transpose ? 4 : 6, seed: 4).values
        var y = [Float](repeating: 1, count: transpose ? 6 : 4)
        a.values.withUnsafeBufferPointer { a in
            x.withUnsafeBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in
                    guard let a = a.baseAddress, let x = x.baseAddress, let y = y.baseAddress else { return }
                    BLAS.gemv(rows: 4, columns: 6, alpha: 2, a: a, transpose: transpose, x: x, beta: 3, y: y)
                }
            }
        }
        for index in y.indices {
            let sum = x.indices.reduce(Float(0)) {
                $0 + (transpose ? a[$1, index] : a[index, $1]) * x[$1]
            }
            #expect(abs(y[index] - (2 * sum + 3)) < 1e-5)
        }
    }

    @Test func `axpy and dot`() {
        let x: [Float] = [1, 2, 3]
        var y: [Float] = [10, 20, 30]
        y.withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in
                guard let x = x.baseAddress, let y = y.baseAddress else { return }
                BLAS.axpy(count: 3, alpha: 2, x: x, y: y)
                #expect(BLAS.dot(count: 3, x, x) == 14)
            }
        }
        #expect(y == [12, 24, 36])
        #expect(BLAS.kernel != "unknown")
    }

    @Test func `rows and stacking`() {
        let matrix = Matrix(stacking: [[1, 2], [3, 4], [5, 6]])
        #expect(matrix.rows == 3 && matrix.columns == 2)
        #expect(matrix.row(1) == [3, 4])
        #expect(matrix[2, 0] == 5)
        #expect(Matrix(stacking: []).values.isEmpty)
    }

    @Test func `a matrix without rows has a product without rows`() {
        let product = Matrix(rows: 0, columns: 3).multiplied(by: Matrix(rows: 3, columns: 2))
        #expect(product.rows == 0 && product.columns == 2)
    }
}

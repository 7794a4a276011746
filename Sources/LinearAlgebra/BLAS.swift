internal import COpenBLAS

/// OpenBLAS, row-major and in single precision.
///
/// Every call runs on one thread: `sglorad` runs requests in parallel rather than kernels, and a fixed order
/// of summation makes results reproducible, so that one seed gives one adapter.
public enum BLAS {
    private static let oneThread: Void = openblas_set_num_threads(1)

    /// Sets OpenBLAS to one thread; called before every kernel.
    @inline(__always)
    static func useOneThread() { _ = oneThread }

    /// The kernel that OpenBLAS has selected for this processor, such as `SkylakeX` or `Haswell`; results may
    /// differ in the last bits between kernels.
    public static var kernel: String {
        useOneThread()
        guard let name = openblas_get_corename() else { return "unknown" }
        return String(cString: name)
    }

    /// C ← `alpha`·op(A)·op(B) + `beta`·C, with op(A) `[m, k]`, op(B) `[k, n]` and C `[m, n]`.
    ///
    /// A is stored as `[m, k]`, or as `[k, m]` if `transposeA`; B as `[k, n]`, or as `[n, k]` if
    /// `transposeB`. `lda`, `ldb` and `ldc` are the distances between the starts of two rows.
    public static func gemm(
        m: Int, n: Int, k: Int, alpha: Float = 1,
        a: UnsafePointer<Float>, lda: Int, transposeA: Bool = false,
        b: UnsafePointer<Float>, ldb: Int, transposeB: Bool = false,
        beta: Float = 0, c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        guard m > 0, n > 0 else { return }
        useOneThread()
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc)
        )
    }

    /// y ← `alpha`·op(A)·x + `beta`·y, with A `[rows, columns]`, row-major.
    public static func gemv(
        rows: Int, columns: Int, alpha: Float = 1, a: UnsafePointer<Float>, transpose: Bool = false,
        x: UnsafePointer<Float>, beta: Float = 0, y: UnsafeMutablePointer<Float>
    ) {
        guard rows > 0, columns > 0 else { return }
        useOneThread()
        cblas_sgemv(
            CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), alpha, a,
            blasint(columns), x, 1, beta, y, 1)
    }

    /// y ← y + `alpha`·x over `count` numbers.
    public static func axpy(
        count: Int, alpha: Float, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
    ) {
        useOneThread()
        cblas_saxpy(blasint(count), alpha, x, 1, y, 1)
    }

    /// The inner product of two vectors of `count` numbers.
    public static func dot(count: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>) -> Float {
        useOneThread()
        return cblas_sdot(blasint(count), x, 1, y, 1)
    }
}

internal import COpenBLAS

/// Thin, checked entrances to OpenBLAS.
///
/// Row-major, single precision, always at one thread: `sglorad` runs requests in parallel, not the kernels of
/// one, and a sum of fixed order gives one seed one adapter.
public enum BLAS {
    private static let oneThread: Void = openblas_set_num_threads(1)

    /// Sees to it that OpenBLAS runs at one thread; before every call.
    @inline(__always)
    static func useOneThread() { _ = oneThread }

    /// The kernel that OpenBLAS chose for this processor, such as `SkylakeX` or `Haswell`; bits may differ between kernels.
    public static var kernel: String {
        _ = oneThread
        guard let name = openblas_get_corename() else { return "unknown" }
        return String(cString: name)
    }

    /// C ← `alpha`·op(A)·op(B) + `beta`·C, with op(A) `[m, k]`, op(B) `[k, n]` and C `[m, n]`.
    ///
    /// A is `[m, k]`, or `[k, m]` when `transposeA`, each row `lda` numbers apart; B is `[k, n]`, or `[n, k]` when
    /// `transposeB`, each row `ldb` numbers apart; each row of C lies `ldc` numbers apart.
    @inline(__always)
    public static func gemm(
        m: Int, n: Int, k: Int, alpha: Float = 1,
        a: UnsafePointer<Float>, lda: Int, transposeA: Bool = false,
        b: UnsafePointer<Float>, ldb: Int, transposeB: Bool = false,
        beta: Float = 0, c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        sgemm(
            m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, transposeA: transposeA, b: b, ldb: ldb,
            transposeB: transposeB, beta: beta, c: c, ldc: ldc)
    }

    @usableFromInline
    static func sgemm(
        m: Int, n: Int, k: Int, alpha: Float,
        a: UnsafePointer<Float>, lda: Int, transposeA: Bool,
        b: UnsafePointer<Float>, ldb: Int, transposeB: Bool,
        beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        guard m > 0, n > 0 else { return }
        _ = oneThread
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
        _ = oneThread
        cblas_sgemv(
            CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), alpha, a,
            blasint(columns), x, 1, beta, y, 1)
    }

    /// y ← y + `alpha`·x over `count` numbers.
    public static func axpy(
        count: Int, alpha: Float, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
    ) {
        _ = oneThread
        cblas_saxpy(blasint(count), alpha, x, 1, y, 1)
    }

    /// The inner product of two vectors of `count` numbers.
    public static func dot(count: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>) -> Float {
        _ = oneThread
        return cblas_sdot(blasint(count), x, 1, y, 1)
    }
}

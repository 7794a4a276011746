extension Kernels {
    /// gradient ← gradient·GELU′(x), with GELU′(x) = Φ(x) + x·φ(x).
    static func geluBack(_ x: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>, count: Int) {
        let whole = count & ~7
        for index in stride(from: 0, to: whole, by: 8) {
            store(load(gradient + index) * geluSlope(load(x + index)), gradient + index)
        }
        guard whole < count else { return }
        let slope = geluSlope(loadTail(x + whole, count: count - whole, filler: 0))
        for lane in 0..<count - whole { gradient[whole + lane] *= slope[lane] }
    }

    @inline(__always)
    private static func geluSlope(_ x: Lanes) -> Lanes {
        let density = exp(x * x * -0.5)
        let tail = density * tailOverDensity(x.replacing(with: -x, where: x .< 0))
        return (1 - tail).replacing(with: tail, where: x .< 0) + x * density * 0.3989422804
    }

    /// gradient ← p∘(gradient − Σ gradient∘p): the way back through a softmax whose result is p.
    static func softmaxBack(_ p: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>, count: Int) {
        var sum: Float = 0
        for index in 0..<count { sum += p[index] * gradient[index] }
        for index in 0..<count { gradient[index] = p[index] * (gradient[index] - sum) }
    }
}

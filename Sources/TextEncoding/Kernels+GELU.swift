extension Kernels {
    /// values ← x·Φ(x), the exact GELU (not its approximation by tanh), to about two units in the last place of
    /// the larger of x and 1.
    ///
    /// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016. Φ(−|x|) = exp(−x²/2)·t·P(t), t = 1/(1 + 0.3|x|),
    /// the form of Abramowitz and Stegun 7.1.26 with a polynomial P of degree 9 fitted to |x| ≤ 14 (relative error 4e-9
    /// before rounding). The tail is computed and not one minus it, so that nothing cancels on either side.
    static func gelu(_ values: UnsafeMutablePointer<Float>, count: Int) {
        map(values, count: count) { x in
            let isNegative = x .< 0
            let magnitude = x.replacing(with: -x, where: isNegative)
            let tail = x * (exp(magnitude * magnitude * -0.5) * tailOverDensity(magnitude))
            return (x - tail).replacing(with: tail, where: isNegative)
        }
    }

    /// Φ(−x)/exp(−x²/2) for x ≥ 0.
    @inline(__always)
    static func tailOverDensity(_ x: Lanes) -> Lanes {
        let t = 1 / (x * 0.3 + 1)
        var p = t * -0.020613030 + 0.112376854
        p = p * t + -0.228070006
        p = p * t + 0.191584975
        p = p * t + -0.079250008
        p = p * t + 0.096059218
        p = p * t + 0.078425117
        p = p * t + 0.110227421
        p = p * t + 0.119572833
        p = p * t + 0.119686633
        return t * p
    }
}

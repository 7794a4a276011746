extension Kernels {
    /// eˣ, to about one unit in the last place; x is limited to −87…88.
    ///
    /// x = n·ln 2 + r with |r| ≤ ½ ln 2; eʳ by a polynomial fitted to that interval (relative error 6e-11
    /// before rounding), and 2ⁿ through the exponent's bits. ln 2 is split in two parts, the first short
    /// enough for n times it to be exact (Cody and Waite, "Software Manual for the Elementary Functions",
    /// 1980).
    @inline(__always)
    static func exp(_ x: Lanes) -> Lanes {
        // Masks instead of `clamped`, which is slower and hides NaN.
        let bounded = x.replacing(with: -87, where: x .< -87).replacing(with: 88, where: x .> 88)
        // Adding 1.5·2²³ rounds to an integer, which is then in the lowest bits.
        let shift: Float = 0x1.8p23
        let shifted = bounded * 1.442695 + shift
        let n = shifted - shift
        let r = bounded - n * 0x1.62e4p-1 - n * 0x1.7f7d1cp-20
        var p = r * 0.00019826494 + 0.0013946029
        p = p * r + 0.00833343
        p = p * r + 0.04166627
        p = p * r + 0.16666666
        p = p * r + 0.5
        p = p * r + 1
        p = p * r + 1
        let exponent = SIMD8<Int32>(truncatingIfNeeded: unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23)
        return unsafeBitCast(unsafeBitCast(p, to: SIMD8<Int32>.self) &+ exponent, to: Lanes.self)
    }
}

extension Kernels {
    /// Φ(−x)/exp(−x²/2) for x ≥ 0, as the forward pass's kernels compute it.
    ///
    /// The form of Abramowitz and Stegun 7.1.26, t·P(t) with t = 1/(1 + 0.3x), with a polynomial P of degree 9 fitted to
    /// x ≤ 14 (relative error 4e-9 before rounding).
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

    /// gradient ← p∘(gradient − Σ gradient∘p): the backward pass of a softmax with the result p.
    static func softmaxBack(_ p: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>, count: Int) {
        var sum: Float = 0
        for index in 0..<count { sum += p[index] * gradient[index] }
        for index in 0..<count { gradient[index] = p[index] * (gradient[index] - sum) }
    }
}

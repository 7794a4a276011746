extension Kernels {
    /// eˣ, to about one unit in the last place; x below −87 counts as −87 and above 88 as 88.
    ///
    /// x = n·ln 2 + r with |r| ≤ ½ ln 2; eʳ by a polynomial fitted to it there (relative error 6e-11 before rounding), and
    /// 2ⁿ by the exponent's bits. ln 2 is split in two, the first part short enough for n times it to be exact.
    @inline(__always)
    static func exp(_ x: Lanes) -> Lanes {
        // By masks and not by `clamped`, which is slower and hides NaN.
        let bounded = x.replacing(with: -87, where: x .< -87).replacing(with: 88, where: x .> 88)
        // Adding 1.5·2²³ rounds to a whole number, which then stands in the lowest bits.
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

    /// values ← softmax(values): the exponentials of at least one number, divided by their sum.
    static func softmax(_ values: UnsafeMutablePointer<Float>, count: Int) {
        var peak = values[0]
        let whole = count & ~7
        if whole > 0 {
            var peaks = load(values)
            for index in stride(from: 8, to: whole, by: 8) {
                let lanes = load(values + index)
                peaks.replace(with: lanes, where: lanes .> peaks)
            }
            peak = peaks.max()
        }
        for index in whole..<count { peak = max(peak, values[index]) }
        map(values, count: count) { exp($0 - peak) }
        let factor = 1 / sum(values, count: count)
        map(values, count: count) { $0 * factor }
    }
}

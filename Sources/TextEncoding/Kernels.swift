/// Functions of the backward pass over eight lanes in a fixed order, so that results are reproducible to the bit; the
/// forward pass uses ``EncoderKernels``.
enum Kernels {
    typealias Lanes = SIMD8<Float>

    @inline(__always)
    static func load(_ source: UnsafePointer<Float>) -> Lanes {
        UnsafeRawPointer(source).loadUnaligned(as: Lanes.self)
    }

    @inline(__always)
    static func store(_ lanes: Lanes, _ target: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(target).storeBytes(of: lanes, as: Lanes.self)
    }

    /// Loads the last `count` (below eight) numbers and fills the other lanes with `filler`.
    @inline(__always)
    static func loadTail(_ source: UnsafePointer<Float>, count: Int, filler: Float) -> Lanes {
        var lanes = Lanes(repeating: filler)
        for lane in 0..<count { lanes[lane] = source[lane] }
        return lanes
    }
}

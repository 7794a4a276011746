/// Elementwise functions and reductions over eight lanes in a fixed order, so that results are reproducible
/// to the bit.
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

    @inline(__always)
    static func storeTail(_ lanes: Lanes, _ target: UnsafeMutablePointer<Float>, count: Int) {
        for lane in 0..<count { target[lane] = lanes[lane] }
    }

    /// Applies a function to each number in place.
    @inline(__always)
    static func map(_ values: UnsafeMutablePointer<Float>, count: Int, _ function: (Lanes) -> Lanes) {
        let whole = count & ~7
        for index in stride(from: 0, to: whole, by: 8) {
            store(function(load(values + index)), values + index)
        }
        guard whole < count else { return }
        let tail = loadTail(values + whole, count: count - whole, filler: 0)
        storeTail(function(tail), values + whole, count: count - whole)
    }

    /// target ← target + source.
    static func add(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
        let whole = count & ~7
        for index in stride(from: 0, to: whole, by: 8) {
            store(load(target + index) + load(source + index), target + index)
        }
        for index in whole..<count { target[index] += source[index] }
    }

    static func sum(_ values: UnsafePointer<Float>, count: Int) -> Float {
        let whole = count & ~7
        var total = Lanes()
        for index in stride(from: 0, to: whole, by: 8) { total += load(values + index) }
        if whole < count { total += loadTail(values + whole, count: count - whole, filler: 0) }
        return total.sum()
    }

    /// The sum of the squared differences from `centre`.
    static func squares(_ values: UnsafePointer<Float>, around centre: Float, count: Int) -> Float {
        let whole = count & ~7
        var total = Lanes()
        for index in stride(from: 0, to: whole, by: 8) {
            let distance = load(values + index) - centre
            total += distance * distance
        }
        if whole < count {
            let distance = loadTail(values + whole, count: count - whole, filler: centre) - centre
            total += distance * distance
        }
        return total.sum()
    }

    /// values ← (values − mean)·factor·weight + bias.
    static func normalise(
        _ values: UnsafeMutablePointer<Float>, mean: Float, factor: Float, weight: UnsafePointer<Float>,
        bias: UnsafePointer<Float>, count: Int
    ) {
        let whole = count & ~7
        for index in stride(from: 0, to: whole, by: 8) {
            let unit = (load(values + index) - mean) * factor
            store(unit * load(weight + index) + load(bias + index), values + index)
        }
        for index in whole..<count {
            values[index] = (values[index] - mean) * factor * weight[index] + bias[index]
        }
    }
}

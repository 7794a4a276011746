internal import Glibc

/// A counter-based random number generator, Philox 4×32 with ten rounds: the numbers are a pure function of
/// seed, stream and position.
///
/// The same seed, stream and order of draws give the same numbers in every process. Source: Salmon, Moraes,
/// Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public struct CounterRandom: Sendable {
    private let key: SIMD2<UInt32>
    private let stream: UInt64
    private var block: UInt64 = 0
    private var buffer = SIMD4<UInt32>()
    private var used = 4

    /// Creates the generator of one stream of a seed; the streams of a seed are independent.
    public init(seed: UInt64, stream: UInt64 = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.stream = stream
    }

    public mutating func next32() -> UInt32 {
        if used == 4 {
            let counter = SIMD4(
                UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
                UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
            buffer = Self.philox(counter: counter, key: key)
            block &+= 1
            used = 0
        }
        defer { used += 1 }
        return buffer[used]
    }

    /// A uniform number in [0, 1) with 24 random bits.
    public mutating func uniform() -> Float {
        Float(next32() >> 8) * 0x1p-24
    }

    /// A uniform integer in 0..<`bound`, without bias.
    ///
    /// Source: Lemire, "Fast random integer generation in an interval", 2019.
    ///
    /// - Parameter bound: from 1 to 2³² − 1.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0 && bound <= Int(UInt32.max), "a bound of \(bound)")
        let range = UInt64(bound)
        let floor = (0x1_0000_0000 - range) % range
        while true {
            let product = UInt64(next32()) * range
            if product & 0xFFFF_FFFF >= floor { return Int(product >> 32) }
        }
    }

    /// Numbers of the standard normal distribution, two from every two uniform ones.
    ///
    /// Source: Box and Muller, "A note on the generation of random normal deviates", 1958.
    public mutating func gaussians(_ count: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(count + 1)
        while result.count < count {
            // In (0, 1], so that the logarithm is finite.
            let radius = (-2 * log(Double(next32()) * 0x1p-32 + 0x1p-33)).squareRoot()
            let angle = 2 * Double.pi * Double(next32()) * 0x1p-32
            result.append(Float(radius * cos(angle)))
            result.append(Float(radius * sin(angle)))
        }
        result.removeLast(result.count - count)
        return result
    }

    /// A uniformly random permutation of 0..<`count` (Fisher–Yates shuffle).
    public mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, below(last + 1))
        }
        return order
    }

    /// The four words of one counter.
    static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var c = counter
        var k = key
        for round in 0..<10 {
            if round > 0 { k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85) }
            let first = UInt64(0xD251_1F53) * UInt64(c.x)
            let second = UInt64(0xCD9E_8D57) * UInt64(c.z)
            c = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: first))
        }
        return c
    }
}

internal import Dispatch
internal import LinearAlgebra
internal import SemanticGuidance

/// One pass over the D parameters of an adapter: x = x̄ + r·(steering(μ*) − x̄) + U y.
///
/// Each block of parameters is finished before the next one is begun, so that everything large (the experts' means, x̄ and
/// U) is read from memory once, in order. Large adapters are made by all cores at once. Every parameter is computed in the
/// same order of operations, whatever the number of threads, so one seed gives the same bytes.
struct GenerationPass {
    /// μ* = Σ α_k μ_k over the experts that guide.
    let prior: WeightedSum
    /// x̄, D values.
    let origin: FloatVector
    /// The steering with its shares for the neighbourhood; nil for none.
    let steering: SteeringShares?
    /// r, 0...1.
    let relevance: Float
    /// U, `[D, k]`.
    let directions: FloatStream
    /// y: r·share·δ, k values.
    let correction: [Float]

    /// The parameters in a block: their numbers stay in the core's own cache while they are worked on.
    private static let block = 1 << 12
    /// The parameters that a thread takes at a time, and behind which the pages of files are released: 8 MiB of U for 64
    /// directions.
    private static let portion = 1 << 16
    /// The parameters from which on several threads share the work: starting them takes as long as making some ten thousand.
    private static let parallel = 1 << 19

    /// Runs the pass: D values.
    ///
    /// - Parameter inParallel: whether several threads share the work; nil lets the number of parameters decide. The
    ///   result is the same.
    func run(inParallel: Bool? = nil) -> [Float] {
        let count = origin.count
        var result = [Float](unsafeUninitializedCapacity: count) { target, filled in
            filled = count
            guard let target = target.baseAddress else { return }
            LargePages.advise(UnsafeMutableRawBufferPointer(start: target, count: 4 * count))
            let memory = Target(start: target)
            if !(inParallel ?? (count >= Self.parallel)) {
                make(0..<count, in: memory)
            } else {
                DispatchQueue.concurrentPerform(iterations: (count + Self.portion - 1) / Self.portion) {
                    portion in
                    let start = portion * Self.portion
                    make(start..<min(start + Self.portion, count), in: memory)
                }
            }
        }
        if case .half = directions { return result }
        // Directions that are computed, or stored in single precision, come in chunks of their own.
        PrincipalCoordinates.add(correction, along: directions, to: &result)
        return result
    }

    /// The adapter's memory; threads write to disjoint ranges of it.
    private struct Target: @unchecked Sendable {
        // Sendable: `run` gives each range to one thread, and waits for all before it returns.
        let start: UnsafeMutablePointer<Float>
    }

    /// Makes a range of the parameters, block by block.
    private func make(_ range: Range<Int>, in target: Target) {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.block) {
            let block = start..<min(start + Self.block, range.upperBound)
            make(block: block, target.start + block.lowerBound)
        }
        if origin.isLarge {
            prior.release(range)
            origin[range].release()
        }
        if case .half(let vector) = directions, 2 * vector.count > FloatVector.residentLimit {
            vector.release(range.lowerBound * correction.count..<range.upperBound * correction.count)
        }
    }

    /// Makes one block of the parameters.
    private func make(block range: Range<Int>, _ x: UnsafeMutablePointer<Float>) {
        prior.write(range, to: x)
        origin.withUnsafeBufferPointer { origin in
            guard let origin = origin.baseAddress.map({ $0 + range.lowerBound }) else { return }
            steering?.apply(range, to: x, origin: origin)
            if relevance < 1 {
                for index in 0..<range.count {
                    x[index] = origin[index] + relevance * (x[index] - origin[index])
                }
            }
        }
        if case .half(let vector) = directions { vector.multiplyAdd(rows: range, by: correction, to: x) }
    }
}

/// A ``Steering`` for one neighbourhood: the gain of every range of parameters, and the share of every mode.
struct SteeringShares {
    private let steering: Steering
    private let shares: [Float]
    /// The ranges of the parameters that share a gain, in order, with their gains.
    private let gains: [(range: Range<Int>, gain: Float)]

    /// - Parameters:
    ///   - steering: trained on the library that the neighbourhood is of.
    ///   - neighbourhood: the experts that guide, and their weights.
    ///   - halves: the ranges of the parameters that share a gain.
    init(_ steering: Steering, _ neighbourhood: Neighbourhood, halves: [Range<Int>]) {
        let shares = steering.shares(neighbourhood)
        self.steering = steering
        self.shares = shares
        gains = halves.enumerated().map { half, range in
            var gain: Float = 0
            for mode in shares.indices { gain += shares[mode] * steering.gains[mode, half] }
            return (range, gain)
        }
    }

    /// Steers a range of the parameters.
    ///
    /// - Parameters:
    ///   - range: the range.
    ///   - x: the range's parameters.
    ///   - origin: x̄ in the range.
    func apply(_ range: Range<Int>, to x: UnsafeMutablePointer<Float>, origin: UnsafePointer<Float>) {
        for (half, gain) in gains where half.overlaps(range) {
            for place in half.clamped(to: range) {
                let index = place - range.lowerBound
                x[index] = origin[index] + gain * (x[index] - origin[index])
            }
        }
        let count = steering.shifts.columns
        steering.shifts.values.withUnsafeBufferPointer { shifts in
            guard let shifts = shifts.baseAddress else { return }
            for mode in shares.indices where shares[mode] > 0 {
                BLAS.axpy(
                    count: range.count, alpha: shares[mode], x: shifts + mode * count + range.lowerBound, y: x
                )
            }
        }
    }
}

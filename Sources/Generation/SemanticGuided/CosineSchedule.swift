internal import Glibc

/// A schedule of the learning rate: linear warm-up, then cosine decay to zero.
struct CosineSchedule: Sendable {
    /// The number of steps, those of the warm-up included.
    let steps: Int
    /// The number of steps until the rate is whole; at least 1.
    let warmup: Int

    /// A warm-up over a tenth of the steps.
    ///
    /// - Parameters:
    ///   - steps: the number of steps.
    ///   - longest: the most steps of the warm-up.
    init(steps: Int, longestWarmup longest: Int = .max) {
        self.steps = steps
        warmup = max(1, min(longest, steps / 10))
    }

    /// The factor on the learning rate at a step, counted from 0.
    func callAsFunction(_ step: Int) -> Float {
        if step < warmup { return Float(step + 1) / Float(warmup) }
        let done = Float(step - warmup) / Float(max(1, steps - warmup))
        return 0.5 * (1 + cos(Float.pi * done))
    }
}

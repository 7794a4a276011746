public import ErrorModel
internal import Generation
internal import LinearAlgebra
public import LowRank
public import TextEncoding

/// Refines an adapter with answered examples: a few steps of AdamW on the task's own loss, on the box's own encoder.
///
/// The loss is the cross-entropy of softmax(20·q·l) over all labels l at the right answer of a query q, as in
/// ``ContrastiveObjective``. Those labels have a gradient that are the answer of an example, or that such an answer is easily
/// taken for; the embeddings of the others are held fixed for a few steps. The adapter with the lowest loss on the examples is
/// kept, and the one that the refinement began with is among those that are compared. No example is held back to judge by:
/// few examples teach more than they can tell.
///
/// The result depends on the examples, the adapter and the seed alone, unless the time runs out.
public struct Refinement: Sendable {
    /// What a refinement did.
    public struct Outcome: Sendable {
        /// The adapter that was kept, `layout.parameterCount` numbers.
        public let parameters: [Float]
        /// How many steps were computed.
        public let steps: Int
        /// After how many steps the loss on the examples was lowest; 0 for the adapter at the start.
        public let kept: Int
        /// Whether the time ran out before the last step.
        public let isOutOfTime: Bool
    }

    /// The number of steps.
    static let steps = 16
    /// AdamW's learning rate at its peak, after ``warmUp`` steps; it falls evenly, to ``lastRate`` of it.
    ///
    /// Chosen with the other numbers by leave-out; see docs/generator.md.
    private static let rate: Float = 2e-3
    private static let lastRate: Float = 0.1
    private static let warmUp = 2
    /// How many labels beside the answers have a gradient: those nearest to an answer.
    private static let contested = 12
    /// After so many steps all labels are encoded again, and the adapter is judged.
    private static let interval = 4
    /// The most examples of a step.
    private static let batch = 16

    private let encoder: SentenceEncoder
    private let layout: AdapterLayout
    private let examples: AnsweredExamples

    /// Prepares a refinement.
    ///
    /// - Parameters:
    ///   - encoder: the text encoder, which must be the base model itself.
    ///   - layout: the adapter's.
    ///   - examples: must have no ``AnsweredExamples/obstacle``.
    /// - Throws: `layoutMismatch` if the base model is not the text encoder.
    public init(
        encoder: SentenceEncoder, layout: AdapterLayout, examples: AnsweredExamples
    ) throws(SgloradError) {
        try encoder.check(layout)
        self.encoder = encoder
        self.layout = layout
        self.examples = examples
    }

    /// Refines an adapter.
    ///
    /// Computes for seconds, on two threads of low priority.
    ///
    /// - Parameters:
    ///   - parameters: the adapter to begin with.
    ///   - seed: the seed of all random numbers.
    ///   - time: how long it may take; a step that would not end in time is not begun.
    ///   - isCancelled: polled before each step.
    /// - Throws: `cancelled`; `invalidFile` if the adapter makes an embedding overflow.
    public func run(
        from parameters: [Float], seed: UInt64, within time: Duration, isCancelled: () -> Bool
    ) throws(SgloradError) -> Outcome {
        let clock = RefinementClock(time)
        let learned = examples.examples
        let answers = Set(learned.map(\.answer)).sorted()
        var random = CounterRandom(seed: seed, stream: 1 << 62 | 1)
        var moments = AdamMoments(count: parameters.count)
        var current = parameters
        var labels = try LabelEmbeddings(examples.labels, by: encoder, with: adapter(current))
        var live = answers + labels.nearest(to: answers, count: Self.contested)
        var best = (
            step: 0, parameters: parameters,
            loss: try labels.loss(of: learned, by: encoder, with: adapter(current))
        )
        var (bag, done) = ([Int](), 0)
        while done < Self.steps, clock.hasTimeForStep {
            if isCancelled() { throw .cancelled("the request was cancelled") }
            let stepped = try clock.measureStep { () throws(SgloradError) in
                if bag.count < min(Self.batch, learned.count) { bag = random.permutation(learned.count) }
                let drawn = bag.suffix(Self.batch).map { learned[$0] }
                bag.removeLast(drawn.count)
                let gradient = try ExampleGradient(
                    of: drawn, live: live, among: labels, with: examples.labels, by: encoder,
                    adapter: adapter(current))
                moments.apply(to: &current, gradient.values, rate: Self.rate(at: done), decay: 0)
                return current.allSatisfy(\.isFinite)
            }
            guard stepped else { break }
            done += 1
            guard done % Self.interval == 0 || done == Self.steps || !clock.hasTimeForStep else { continue }
            let loss = try clock.measureJudging { () throws(SgloradError) in
                labels = try LabelEmbeddings(examples.labels, by: encoder, with: adapter(current))
                return try labels.loss(of: learned, by: encoder, with: adapter(current))
            }
            live = answers + labels.nearest(to: answers, count: Self.contested)
            if loss < best.loss { best = (done, current, loss) }
        }
        return Outcome(
            parameters: best.parameters, steps: done, kept: best.step,
            isOutOfTime: done < Self.steps && !clock.hasTimeForStep)
    }

    /// The learning rate of a step, from 0.
    private static func rate(at step: Int) -> Float {
        let warm = min(1, Float(step + 1) / Float(warmUp))
        return rate * warm * (1 - (1 - lastRate) * Float(step) / Float(steps))
    }

    private func adapter(_ parameters: [Float]) -> LoRAAdapter {
        LoRAAdapter(layout: layout, parameters: parameters)
    }
}

/// The time that a refinement has, and how long its parts took so far.
private final class RefinementClock {
    private let end: ContinuousClock.Instant
    private var step = Duration.zero
    private var judging = Duration.zero

    init(_ time: Duration) { end = .now + time }

    /// Whether a step and the judgement after it would end in time, as far as the earlier ones tell.
    var hasTimeForStep: Bool { ContinuousClock.now + step + judging <= end }

    func measureStep<T>(_ body: () throws(SgloradError) -> T) throws(SgloradError) -> T {
        let start = ContinuousClock.now
        defer { step = max(step, ContinuousClock.now - start) }
        return try body()
    }

    func measureJudging<T>(_ body: () throws(SgloradError) -> T) throws(SgloradError) -> T {
        let start = ContinuousClock.now
        defer { judging = max(judging, ContinuousClock.now - start) }
        return try body()
    }
}

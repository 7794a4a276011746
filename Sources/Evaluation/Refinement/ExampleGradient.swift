internal import Dispatch
internal import ErrorModel
internal import LowRank
internal import Synchronization
internal import TextEncoding

/// The gradient of the loss on a batch of examples with respect to the adapter's parameters.
///
/// The texts are divided in two halves by turns, whose passes through the encoder run beside each other. The division does not
/// depend on the machine, and the halves' gradients are added in their order, so that the sum is always the same to the bit.
struct ExampleGradient {
    /// `layout.parameterCount` numbers.
    let values: [Float]

    private static let halves = 2

    /// Computes the gradient.
    ///
    /// - Parameters:
    ///   - batch: the examples.
    ///   - live: the labels that have a gradient; the batch's answers are among them.
    ///   - labels: the embeddings of all labels, by whichever adapter; those of the live ones are computed anew.
    ///   - texts: the labels.
    ///   - encoder: the text encoder.
    ///   - adapter: the adapter.
    /// - Throws: `layoutMismatch` if the adapter does not belong to the encoder.
    init(
        of batch: [AnsweredExamples.Example], live: [Int], among labels: LabelEmbeddings,
        with texts: [TokenizedText], by encoder: SentenceEncoder, adapter: LoRAAdapter
    ) throws(SgloradError) {
        let recorded = live.map { texts[$0] } + batch.map(\.text)
        let halves = (0..<Self.halves).map { half in
            recorded.indices.filter { $0 % Self.halves == half }
        }
        let meeting = Meeting(parties: Self.halves)
        let parts = try Workers.mapInBackground(Self.halves, threads: Self.halves) {
            half throws(SgloradError) -> [Float] in
            let tape: EncoderTape
            do throws(SgloradError) {
                tape = try encoder.record(halves[half].map { recorded[$0] }, adapter: adapter)
            } catch {
                meeting.leave(with: nil, half)
                throw error
            }
            meeting.leave(with: tape.embeddings, half)
            // Each half computes the whole loss, which is little work, and takes its own part of the gradient.
            guard let embeddings = meeting.embeddings(halves, count: recorded.count) else {
                throw .internal("the other half of a batch failed")
            }
            var all = labels.values
            for (place, label) in live.enumerated() { all[label] = embeddings[place] }
            let (_, gradients) = ContrastiveObjective.crossEntropy(
                all + embeddings[live.count...], texts: all.count, answers: batch.map(\.answer))
            let own = halves[half].map { place in
                place < live.count ? gradients[live[place]] : gradients[all.count + place - live.count]
            }
            return encoder.gradient(tape, byEmbeddings: own, adapter: adapter)
        }
        var sum = parts[0]
        for part in parts.dropFirst() {
            for place in sum.indices { sum[place] += part[place] }
        }
        values = sum
    }
}

/// Where the halves of a batch exchange their embeddings.
private final class Meeting: Sendable {
    private let arrivals = DispatchGroup()
    private let parts: Mutex<[[[Float]]?]>

    init(parties: Int) {
        parts = Mutex(Array(repeating: nil, count: parties))
        for _ in 0..<parties { arrivals.enter() }
    }

    /// Hands a half's embeddings over, once; nil if it failed.
    func leave(with embeddings: [[Float]]?, _ half: Int) {
        parts.withLock { $0[half] = embeddings }
        arrivals.leave()
    }

    /// Waits for the other halves.
    ///
    /// - Returns: the embeddings of all texts; nil if a half failed.
    func embeddings(_ halves: [[Int]], count: Int) -> [[Float]]? {
        arrivals.wait()
        let parts = parts.withLock { $0 }
        var all = [[Float]](repeating: [], count: count)
        for (places, part) in zip(halves, parts) {
            guard let part else { return nil }
            for (place, embedding) in zip(places, part) { all[place] = embedding }
        }
        return all
    }
}

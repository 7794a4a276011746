internal import LinearAlgebra

/// The activations of a forward pass that the backward pass needs.
///
/// A tape belongs to one forward pass and may be used by one thread at a time.
public final class EncoderTape {
    /// The unit embedding of each text, in the order of the texts.
    public internal(set) var embeddings: [[Float]] = []

    /// The rows of each text's tokens.
    let spans: [Range<Int>]
    /// The number of tokens of all texts.
    let tokens: Int
    /// The length of each text's mean before normalisation.
    var lengths: [Float] = []
    let layers: [Layer]
    /// The hidden state after the last layer, `[tokens, hidden]`.
    let hidden: FloatMemory

    /// The activations of one layer.
    struct Layer {
        /// The layer's input, `[tokens, hidden]`.
        let input: FloatMemory
        /// Queries, keys and values side by side, `[tokens, 3 · hidden]`.
        let projections: FloatMemory
        /// Attention after the softmax, `[n, n]` for each text and head.
        let attention: FloatMemory
        /// The output of attention, `[tokens, hidden]`.
        let context: FloatMemory
        /// The first normalisation's rows before weight and bias, and the reciprocal of their standard
        /// deviation.
        let firstNorm: FloatMemory
        let firstFactor: FloatMemory
        /// The first normalisation's output, `[tokens, hidden]`.
        let middle: FloatMemory
        /// The input of the feed-forward layer's activation function, `[tokens, intermediate]`.
        let inner: FloatMemory
        /// As `firstNorm` and `firstFactor`, for the second normalisation.
        let secondNorm: FloatMemory
        let secondFactor: FloatMemory
    }

    init(_ configuration: BERTConfiguration, lengths counts: [Int]) {
        var spans: [Range<Int>] = []
        var total = 0
        for count in counts {
            spans.append(total..<total + count)
            total += count
        }
        self.spans = spans
        let tokens = total
        self.tokens = tokens
        let width = configuration.hiddenSize
        let squares = counts.reduce(0) { $0 + $1 * $1 } * configuration.heads
        hidden = FloatMemory(tokens * width)
        layers = (0..<configuration.layers).map { _ in
            Layer(
                input: FloatMemory(tokens * width), projections: FloatMemory(tokens * 3 * width),
                attention: FloatMemory(squares), context: FloatMemory(tokens * width),
                firstNorm: FloatMemory(tokens * width), firstFactor: FloatMemory(tokens),
                middle: FloatMemory(tokens * width),
                inner: FloatMemory(tokens * configuration.intermediateSize),
                secondNorm: FloatMemory(tokens * width), secondFactor: FloatMemory(tokens))
        }
    }
}

/// Uninitialised memory for numbers, aligned to cache lines and freed with its owner.
final class FloatMemory {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(_ count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    }

    /// Memory filled with zeros.
    convenience init(zeros count: Int) {
        self.init(count)
        base.update(repeating: 0, count: count)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}

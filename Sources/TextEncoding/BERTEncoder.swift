internal import LinearAlgebra
internal import Synchronization

/// The forward pass of BERT over texts of different lengths, followed by the mean over each text's tokens.
///
/// The tokens of all texts lie one after the other without padding: each linear layer is one matrix product
/// over all of them, and only attention runs text by text. Source: Devlin et al., "BERT: Pre-training of Deep
/// Bidirectional Transformers", 2018.
struct BERTEncoder: Sendable {
    let configuration: BERTConfiguration
    let weights: BERTWeights
    /// All linear layers in module order; a layer's `index` is its position here.
    let linear: [LinearLayer]
    /// The linear layers' weights.
    let packed: PackedWeights
    private let lookedUp = LookedUpTokens()

    init(configuration: BERTConfiguration, weights: BERTWeights, precision: EncoderPrecision) {
        self.configuration = configuration
        self.weights = weights
        linear = weights.layers.flatMap(\.linear)
        packed = PackedWeights(linear, precision: precision)
    }

    /// The unit embedding of each text, or nil if its numbers overflowed.
    ///
    /// - Parameters:
    ///   - texts: token ids below the vocabulary's size, 1 to `positions` of them for each text.
    ///   - scratch: has room for all tokens.
    func embed(_ texts: [[Int32]], adapter: AppliedAdapter?, scratch: EncoderScratch) -> [[Float]?] {
        var spans: [Range<Int>] = []
        var count = 0
        for ids in texts {
            spans.append(count..<count + ids.count)
            count += ids.count
        }
        for (ids, span) in zip(texts, spans) { lookUp(ids, into: scratch.hidden + span.lowerBound * width) }
        if lookedUp.add(count) { weights.words.release() }
        weights.embeddingNorm.apply(rows: count, scratch.hidden, adding: nil)
        for layer in weights.layers { run(layer, spans, tokens: count, adapter, scratch) }
        return spans.map { pool(scratch.hidden + $0.lowerBound * width, tokens: $0.count) }
    }

    var width: Int { configuration.hiddenSize }

    func lookUp(_ ids: [Int32], into rows: UnsafeMutablePointer<Float>) {
        weights.words.withUnsafeBufferPointer { words in
            weights.positions.withUnsafeBufferPointer { positions in
                weights.tokenType.withUnsafeBufferPointer { type in
                    for (position, id) in ids.enumerated() {
                        let word = Int(id) * width
                        for index in 0..<width {
                            rows[position * width + index] =
                                words[word + index] + type[index] + positions[position * width + index]
                        }
                    }
                }
            }
        }
    }

    private func run(
        _ layer: BERTWeights.Layer, _ spans: [Range<Int>], tokens: Int, _ adapter: AppliedAdapter?,
        _ scratch: EncoderScratch
    ) {
        for (place, linear) in [layer.query, layer.key, layer.value].enumerated() {
            linear.apply(
                rows: tokens, x: scratch.hidden, xStride: width, y: scratch.projections + place * width,
                yStride: 3 * width, weights: packed, adapter: adapter, low: scratch.low)
        }
        for span in spans {
            attend(span, projections: scratch.projections, context: scratch.context, work: scratch.attention)
        }
        layer.attentionOutput.apply(
            rows: tokens, x: scratch.context, xStride: width, y: scratch.output, yStride: width,
            weights: packed, adapter: adapter, low: scratch.low)
        layer.attentionNorm.apply(rows: tokens, scratch.hidden, adding: scratch.output)

        let inner = configuration.intermediateSize
        layer.intermediate.apply(
            rows: tokens, x: scratch.hidden, xStride: width, y: scratch.intermediate, yStride: inner,
            weights: packed, adapter: adapter, low: scratch.low, activated: true)
        layer.output.apply(
            rows: tokens, x: scratch.intermediate, xStride: inner, y: scratch.output, yStride: width,
            weights: packed, adapter: adapter, low: scratch.low)
        layer.outputNorm.apply(rows: tokens, scratch.hidden, adding: scratch.output)
    }

    /// The mean over the tokens, scaled to unit length.
    private func pool(_ rows: UnsafePointer<Float>, tokens: Int) -> [Float]? {
        var mean = [Float](repeating: 0, count: width)
        let length = mean.withUnsafeMutableBufferPointer { mean -> Float in
            guard let mean = mean.baseAddress else { return 0 }
            return EncoderKernels.unitMean(rows, count: tokens, width: width, into: mean)
        }
        return length.isFinite && length > 0 ? mean : nil
    }
}

/// Counts tokens, to say when the rows of the vocabulary that they have brought into memory should leave it again.
///
/// A row has 1.5 KiB, but a page fault maps up to 64 KiB around it, so a few texts could keep the whole table resident.
private final class LookedUpTokens: Sendable {
    /// How many tokens keep their rows: at most 8 MiB.
    private static let limit = 128
    private let count = Atomic<Int>(0)

    /// Counts some more; true where the rows should be released now.
    func add(_ tokens: Int) -> Bool {
        let (old, new) = count.add(tokens, ordering: .relaxed)
        return old / Self.limit != new / Self.limit
    }
}

/// The working memory of one forward pass: a single block, aligned to cache lines, used by one call.
///
/// The layout depends only on sizes, so that equal inputs have equal alignments and give equal bits.
final class EncoderScratch {
    /// The hidden state, `[tokens, hidden]`.
    let hidden: UnsafeMutablePointer<Float>
    /// Queries, keys and values side by side, `[tokens, 3 · hidden]`.
    let projections: UnsafeMutablePointer<Float>
    /// The output of attention, `[tokens, hidden]`.
    let context: UnsafeMutablePointer<Float>
    /// The output of a sublayer, `[tokens, hidden]`.
    let output: UnsafeMutablePointer<Float>
    /// The inner activations of the feed-forward layer, `[tokens, intermediate]`.
    let intermediate: UnsafeMutablePointer<Float>
    /// The working memory of the attention over the longest text.
    let attention: UnsafeMutablePointer<Float>
    /// x·Aᵀ of an adapter, `[tokens, rank]`.
    let low: UnsafeMutablePointer<Float>

    private let memory: UnsafeMutableRawPointer

    /// Allocates memory for up to `tokens` tokens in all and `longest` in one text.
    init(_ configuration: BERTConfiguration, tokens: Int, longest: Int, rank: Int) {
        let width = configuration.hiddenSize
        let sizes = [
            tokens * width, tokens * 3 * width, tokens * width, tokens * width,
            tokens * configuration.intermediateSize,
            EncoderKernels.attentionFloats(tokens: longest, headSize: configuration.headSize),
            max(tokens * rank, 1),
        ]
        var offsets: [Int] = []
        var total = 0
        for size in sizes {
            offsets.append(total)
            total += (size + 15) & ~15
        }
        memory = .allocate(byteCount: total * MemoryLayout<Float>.stride, alignment: 64)
        let base = memory.bindMemory(to: Float.self, capacity: total)
        hidden = base + offsets[0]
        projections = base + offsets[1]
        context = base + offsets[2]
        output = base + offsets[3]
        intermediate = base + offsets[4]
        attention = base + offsets[5]
        low = base + offsets[6]
    }

    deinit { memory.deallocate() }
}

internal import LinearAlgebra

extension BERTEncoder {
    /// The forward pass of ``embed(_:adapter:scratch:)``, recorded for the way back.
    func record(_ texts: [[Int32]], adapter: AppliedAdapter?, rank: Int) -> EncoderTape {
        let tape = EncoderTape(configuration, lengths: texts.map(\.count))
        let low = FloatMemory(tape.tokens * max(rank, 1))
        let output = FloatMemory(tape.tokens * width)
        let active = FloatMemory(tape.tokens * configuration.intermediateSize)
        let first = tape.layers.first?.input ?? tape.hidden
        for (ids, span) in zip(texts, tape.spans) {
            lookUp(ids, into: first.base + span.lowerBound * width)
        }
        weights.embeddingNorm.apply(rows: tape.tokens, first.base, adding: nil)
        for (index, layer) in weights.layers.enumerated() {
            let record = tape.layers[index]
            let next = index + 1 < tape.layers.count ? tape.layers[index + 1].input : tape.hidden
            run(layer, record, into: next, tape, adapter, low: low, output: output, active: active)
        }
        for span in tape.spans {
            var mean = [Float](repeating: 0, count: width)
            for row in span {
                for index in 0..<width { mean[index] += tape.hidden.base[row * width + index] }
            }
            for index in 0..<width { mean[index] /= Float(span.count) }
            let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
            tape.lengths.append(length)
            tape.embeddings.append(mean.map { $0 / length })
        }
        return tape
    }

    private func run(
        _ layer: BERTWeights.Layer, _ record: EncoderTape.Layer, into next: FloatMemory, _ tape: EncoderTape,
        _ adapter: AppliedAdapter?, low: FloatMemory, output: FloatMemory, active: FloatMemory
    ) {
        let tokens = tape.tokens
        for (place, linear) in [layer.query, layer.key, layer.value].enumerated() {
            linear.apply(
                rows: tokens, x: record.input.base, xStride: width,
                y: record.projections.base + place * width,
                yStride: 3 * width, adapter: adapter, low: low.base)
        }
        var scores = record.attention.base
        for span in tape.spans {
            attend(
                span, projections: record.projections.base, context: record.context.base, scores: scores,
                keepingEveryHead: true)
            scores += configuration.heads * span.count * span.count
        }
        layer.attentionOutput.apply(
            rows: tokens, x: record.context.base, xStride: width, y: output.base, yStride: width,
            adapter: adapter, low: low.base)
        layer.attentionNorm.apply(
            rows: tokens, record.input.base, adding: output.base, into: record.middle.base,
            normalised: record.firstNorm.base, factors: record.firstFactor.base)

        let inner = configuration.intermediateSize
        layer.intermediate.apply(
            rows: tokens, x: record.middle.base, xStride: width, y: record.inner.base, yStride: inner,
            adapter: adapter, low: low.base)
        active.base.update(from: record.inner.base, count: tokens * inner)
        Kernels.gelu(active.base, count: tokens * inner)
        layer.output.apply(
            rows: tokens, x: active.base, xStride: inner, y: output.base, yStride: width, adapter: adapter,
            low: low.base)
        layer.outputNorm.apply(
            rows: tokens, record.middle.base, adding: output.base, into: next.base,
            normalised: record.secondNorm.base, factors: record.secondFactor.base)
    }
}

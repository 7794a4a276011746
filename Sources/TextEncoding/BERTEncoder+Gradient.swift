internal import LinearAlgebra
internal import LowRank

extension BERTEncoder {
    /// The backward pass: from the embeddings' gradients to the adapter's gradient.
    ///
    /// - Parameters:
    ///   - embeddings: the gradient with respect to each unit embedding, in the tape's order.
    ///   - parameters: the adapter's gradient, to which the result is added.
    func back(
        _ tape: EncoderTape, embeddings: [[Float]], adapter: AppliedAdapter,
        parameters: UnsafeMutablePointer<Float>
    ) {
        let (tokens, inner) = (tape.tokens, configuration.intermediateSize)
        let hidden = FloatMemory(tokens * width)
        unpool(tape, embeddings, into: hidden.base)
        let low = FloatMemory(2 * tokens * adapter.rank)
        let middle = FloatMemory(tokens * width)
        let wide = FloatMemory(tokens * inner)
        let active = FloatMemory(tokens * inner)
        let projections = FloatMemory(tokens * 3 * width)
        let longest = tape.spans.map(\.count).max() ?? 0
        let work = FloatMemory(longest * longest)

        for (layer, record) in zip(weights.layers, tape.layers).reversed() {
            // hidden: the gradient with respect to the layer's output, then to the input of the second
            // normalisation.
            layer.outputNorm.back(
                rows: tokens, gradient: hidden.base, normalised: record.secondNorm.base,
                factors: record.secondFactor.base)
            active.base.update(from: record.inner.base, count: tokens * inner)
            EncoderKernels.gelu(active.base, count: tokens * inner)
            wide.base.update(repeating: 0, count: tokens * inner)
            layer.output.back(
                rows: tokens, x: active.base, xStride: inner, yGradient: hidden.base, yStride: width,
                xGradient: wide.base, adapter: adapter, parameters: parameters, low: low.base)
            Kernels.geluBack(record.inner.base, gradient: wide.base, count: tokens * inner)
            // The residual connection passes the gradient on unchanged.
            layer.intermediate.back(
                rows: tokens, x: record.middle.base, xStride: width, yGradient: wide.base, yStride: inner,
                xGradient: hidden.base, adapter: adapter, parameters: parameters, low: low.base)

            layer.attentionNorm.back(
                rows: tokens, gradient: hidden.base, normalised: record.firstNorm.base,
                factors: record.firstFactor.base)
            middle.base.update(repeating: 0, count: tokens * width)
            layer.attentionOutput.back(
                rows: tokens, x: record.context.base, xStride: width, yGradient: hidden.base, yStride: width,
                xGradient: middle.base, adapter: adapter, parameters: parameters, low: low.base)
            var scores = record.attention.base
            for span in tape.spans {
                attendBack(
                    span, projections: record.projections.base, scores: scores, context: middle.base,
                    gradient: projections.base, work: work.base)
                scores += configuration.heads * span.count * span.count
            }
            let isFirst = layer.query.index == 0
            for (place, linear) in [layer.query, layer.key, layer.value].enumerated() {
                linear.back(
                    rows: tokens, x: record.input.base, xStride: width,
                    yGradient: projections.base + place * width, yStride: 3 * width,
                    xGradient: isFirst ? nil : hidden.base, adapter: adapter, parameters: parameters,
                    low: low.base)
            }
        }
    }

    /// Back through the normalisation and the mean: with e the embedding, l the mean's length and n the
    /// text's token count, each token gets (g − e·(g·e)) / (l·n).
    private func unpool(
        _ tape: EncoderTape, _ gradients: [[Float]], into hidden: UnsafeMutablePointer<Float>
    ) {
        for (text, span) in tape.spans.enumerated() {
            let (embedding, gradient) = (tape.embeddings[text], gradients[text])
            var along: Float = 0
            for index in 0..<width { along += embedding[index] * gradient[index] }
            let factor = 1 / (tape.lengths[text] * Float(span.count))
            for row in span {
                for index in 0..<width {
                    hidden[row * width + index] = factor * (gradient[index] - embedding[index] * along)
                }
            }
        }
    }
}

extension BERTEncoder {
    /// The forward pass of ``embed(_:adapter:scratch:)``, with all activations recorded for the backward
    /// pass.
    func record(_ texts: [[Int32]], adapter: AppliedAdapter?, rank: Int) -> EncoderTape {
        let tape = EncoderTape(configuration, lengths: texts.map(\.count))
        let low = FloatMemory(tape.tokens * max(rank, 1))
        let output = FloatMemory(tape.tokens * width)
        let active = FloatMemory(tape.tokens * configuration.intermediateSize)
        let longest = tape.spans.map(\.count).max() ?? 0
        let work = FloatMemory(
            EncoderKernels.attentionFloats(tokens: longest, headSize: configuration.headSize))
        let first = tape.layers.first?.input ?? tape.hidden
        for (ids, span) in zip(texts, tape.spans) {
            lookUp(ids, into: first.base + span.lowerBound * width)
        }
        weights.embeddingNorm.apply(rows: tape.tokens, first.base, adding: nil)
        for (index, layer) in weights.layers.enumerated() {
            let record = tape.layers[index]
            let next = index + 1 < tape.layers.count ? tape.layers[index + 1].input : tape.hidden
            run(
                layer, record, into: next, tape, adapter, low: low, output: output, active: active, work: work
            )
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
        _ adapter: AppliedAdapter?, low: FloatMemory, output: FloatMemory, active: FloatMemory,
        work: FloatMemory
    ) {
        let tokens = tape.tokens
        for (place, linear) in [layer.query, layer.key, layer.value].enumerated() {
            linear.apply(
                rows: tokens, x: record.input.base, xStride: width,
                y: record.projections.base + place * width,
                yStride: 3 * width, weights: packed, adapter: adapter, low: low.base)
        }
        var scores = record.attention.base
        for span in tape.spans {
            attend(
                span, projections: record.projections.base, context: record.context.base, work: work.base,
                kept: scores)
            scores += configuration.heads * span.count * span.count
        }
        layer.attentionOutput.apply(
            rows: tokens, x: record.context.base, xStride: width, y: output.base, yStride: width,
            weights: packed, adapter: adapter, low: low.base)
        layer.attentionNorm.apply(
            rows: tokens, record.input.base, adding: output.base, into: record.middle.base,
            normalised: record.firstNorm.base, factors: record.firstFactor.base)

        let inner = configuration.intermediateSize
        layer.intermediate.apply(
            rows: tokens, x: record.middle.base, xStride: width, y: record.inner.base, yStride: inner,
            weights: packed, adapter: adapter, low: low.base)
        active.base.update(from: record.inner.base, count: tokens * inner)
        EncoderKernels.gelu(active.base, count: tokens * inner)
        layer.output.apply(
            rows: tokens, x: active.base, xStride: inner, y: output.base, yStride: width,
            weights: packed, adapter: adapter, low: low.base)
        layer.outputNorm.apply(
            rows: tokens, record.middle.base, adding: output.base, into: next.base,
            normalised: record.secondNorm.base, factors: record.secondFactor.base)
    }
}

import Foundation
import LinearAlgebra
import LowRank
import Testing

@testable import TextEncoding

/// The backward pass, compared with finite differences of the forward pass.
@Suite("Gradient")
struct GradientTests {
    private let model: TinyModel
    private let encoder: SentenceEncoder

    init() throws { (model, encoder) = try TinyModel.withEncoder() }

    /// An adapter of rank 2 on the linear layers with the given path endings.
    private func adapter(_ endings: [String]) throws -> LoRAAdapter {
        let sites = encoder.linearSites.filter { site in endings.contains { site.path.hasSuffix($0) } }
        let layout = try AdapterLayout(sites: sites, rank: 2, scale: 0.5)
        var random = CounterRandom(seed: 3)
        return LoRAAdapter(
            layout: layout, parameters: random.gaussians(layout.parameterCount).map { $0 * 0.4 })
    }

    @Test(
        "The gradient matches finite differences on every kind of layer",
        arguments: [
            ["query", "value"], ["key"], ["attention.output.dense"], ["intermediate.dense"],
            ["0.output.dense"],
            ["dense", "query", "key", "value"],
        ])
    func slope(endings: [String]) throws {
        let adapter = try adapter(endings)
        let texts = ["a b c", "ad", "c c a bd b a"].map(encoder.tokenize)
        var random = CounterRandom(seed: 9)
        let weights = texts.map { _ in random.gaussians(8) }
        func value(_ parameters: [Float]) throws -> Double {
            let tape = try encoder.record(
                texts, adapter: LoRAAdapter(layout: adapter.layout, parameters: parameters))
            return zip(tape.embeddings, weights).reduce(0.0) { sum, pair in
                sum + zip(pair.0, pair.1).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            }
        }
        let tape = try encoder.record(texts, adapter: adapter)
        let gradient = encoder.gradient(tape, byEmbeddings: weights, adapter: adapter)
        let largest = gradient.map(abs).max() ?? 0
        #expect(largest > 0.01)
        for place in stride(from: 0, to: gradient.count, by: 3) {
            let step: Float = 4e-3
            var (up, down) = (adapter.parameters, adapter.parameters)
            up[place] += step
            down[place] -= step
            let slope = Float(try (value(up) - value(down)) / Double(2 * step))
            #expect(abs(slope - gradient[place]) < 2e-3 * max(largest, 1), "number \(place)")
        }
    }

    @Test("A recorded pass gives the same embeddings as an ordinary one")
    func sameEmbeddings() throws {
        let adapter = try adapter(["query", "value", "dense"])
        let texts = ["a b c", "ad", "c c a bd b a"]
        let tape = try encoder.record(texts.map(encoder.tokenize), adapter: adapter)
        for (text, recorded) in zip(texts, tape.embeddings) {
            let plain = try encoder.encode(text, adapter: adapter).embedding
            for (one, other) in zip(plain, recorded) { #expect(abs(one - other) < 1e-5) }
        }
    }
}

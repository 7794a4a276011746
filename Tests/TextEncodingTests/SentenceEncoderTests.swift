import ErrorModel
import Foundation
import LinearAlgebra
import LowRank
import TestSupport
import Testing
import TextEncoding

/// Properties of every model, tested on a tiny one.
@Suite("Sentence encoder")
struct SentenceEncoderTests {
    private let model: TinyModel
    private let encoder: SentenceEncoder

    init() throws { (model, encoder) = try TinyModel.withEncoder() }

    @Test("A text beyond the limit is truncated, which is reported")
    func truncation() throws {
        let whole = try encoder.encode("a b c a b c a b")
        #expect(whole.tokenCount == 10 && !whole.truncated)
        let cut = try encoder.encode("a b c a b c a b c")
        #expect(cut.tokenCount == 10 && cut.truncated && cut.embedding == whole.embedding)
        let batch = try encoder.encode(batch: ["a", "a b c a b c a b c"])
        #expect(batch.map(\.truncated) == [false, true])
    }

    @Test("A batch gives the embeddings of its texts, in order")
    func batch() throws {
        let words = ["a", "b", "c", "cd"]
        let texts = (0..<300).map { index in
            (0..<index % 11).map { words[($0 * 7 + index) % 4] }.joined(separator: " ")
        }
        let encodings = try encoder.encode(batch: texts)
        #expect(encodings.count == texts.count)
        for (text, encoding) in zip(texts, encodings) {
            let alone = try encoder.encode(text)
            #expect(alone.tokenCount == encoding.tokenCount)
            #expect(alone.embedding == encoding.embedding, "\(text)")
        }
        #expect(try encoder.encode(batch: []).isEmpty)
    }

    @Test("The states of a text's tokens are those that its embedding is the mean of")
    func states() throws {
        for text in ["", "a b cd", "a b c a b c a b c"] {
            let encoding = try encoder.encode(text)
            let states = try encoder.states(of: text)
            #expect(states.rows == encoding.tokenCount && states.columns == encoder.dimension)
            var mean = [Float](repeating: 0, count: states.columns)
            for row in 0..<states.rows {
                for column in mean.indices { mean[column] += states[row, column] }
            }
            let length = mean.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
            for (one, other) in zip(mean, encoding.embedding) {
                let difference = abs(one / length - other)
                #expect(difference < 1e-5)
            }
        }
    }

    @Test("The empty text has an embedding")
    func empty() throws {
        #expect(try encoder.encode("").tokenCount == 2)
        #expect(try encoder.encode(" \n").embedding == encoder.encode("").embedding)
    }

    @Test("An adapter at any single site changes the embedding, a zero adapter does not")
    func adapters() throws {
        let base = try encoder.encode("a b cd").embedding
        for site in encoder.linearSites {
            let adapted = try encoder.encode("a b cd", adapter: randomAdapter([site], size: 0.5)).embedding
            #expect(adapted != base, "\(site.path)")
            let zero = try encoder.encode("a b cd", adapter: randomAdapter([site], size: 0)).embedding
            #expect(zero == base, "\(site.path)")
        }
        #expect(try encoder.encode("a b cd").embedding == base)
    }

    @Test("An adapter is equivalent to merged weights")
    func merged() throws {
        let name = "encoder.layer.0.intermediate.dense"
        let site = try #require(encoder.linearSites.first { $0.path == name })
        let adapter = try randomAdapter([site], rank: 3, scale: 0.5, size: 0.4)
        let adapted = try encoder.encode("a b cd", adapter: adapter).embedding

        var tensors = TinyModel.tensors()
        let tensor = try #require(tensors[name + ".weight"])
        var weight = tensor.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        let slice = try #require(adapter.layout.slices.first)
        for row in 0..<site.outFeatures {
            for column in 0..<site.inFeatures {
                for inner in 0..<3 {
                    weight[row * site.inFeatures + column] +=
                        0.5 * adapter.parameters[slice.b.lowerBound + row * 3 + inner]
                        * adapter.parameters[slice.a.lowerBound + inner * site.inFeatures + column]
                }
            }
        }
        tensors[name + ".weight"] = TinyModel.floats(weight, tensor.shape)
        let other = try TinyModel()
        try other.writeWeights(tensors)
        let expected = try SentenceEncoder(folder: other.path).encode("a b cd").embedding
        for (one, two) in zip(adapted, expected) { #expect(abs(one - two) <= 1e-5) }
    }

    @Test("An adapter for another model is rejected, naming the site")
    func mismatch() throws {
        let site = try #require(encoder.linearSites.first)
        for wrong in [
            Site(path: "encoder.layer.7.output.dense", inFeatures: 12, outFeatures: 8),
            Site(path: "pooler.dense", inFeatures: 8, outFeatures: 8),
            Site(path: site.path, inFeatures: 8, outFeatures: 9),
            Site(path: site.path, inFeatures: 7, outFeatures: 8),
        ] {
            let adapter = try randomAdapter([wrong])
            let error = try #require(throws: SgloradError.self) { try encoder.encode("a", adapter: adapter) }
            #expect(error.code == .layoutMismatch && error.parameters["site"] == .string(wrong.path))
            #expect(throws: SgloradError.self) { try encoder.encode(batch: ["a"], adapter: adapter) }
            #expect(throws: SgloradError.self) { try encoder.check(adapter.layout) }
        }
    }

    @Test(
        "A pooler beside other sites changes nothing, and is named as a site that does not bear on an embedding"
    )
    func pooler() throws {
        let pooler = Site(path: "pooler.dense", inFeatures: 8, outFeatures: 8)
        let layout = try AdapterLayout(sites: encoder.linearSites, rank: 2, scale: 1)
        let wider = try AdapterLayout(sites: encoder.linearSites + [pooler], rank: 2, scale: 1)
        let plain = try randomAdapter(encoder.linearSites)
        var parameters = [Float](repeating: 0.7, count: wider.parameterCount)
        for (own, other) in zip(layout.slices, wider.slices.filter { $0.site != pooler }) {
            parameters.replaceSubrange(other.a, with: plain.parameters[own.a])
            parameters.replaceSubrange(other.b, with: plain.parameters[own.b])
        }
        let adapter = LoRAAdapter(layout: wider, parameters: parameters)
        let (one, two) = (
            try encoder.encode("a b", adapter: plain).embedding,
            try encoder.encode("a b", adapter: adapter).embedding
        )
        for (one, two) in zip(one, two) { #expect(abs(one - two) < 1e-6) }
        #expect(encoder.sitesBeside(wider.sites) == ["pooler.dense"])
        #expect(encoder.sitesBeside(layout.sites).isEmpty)
        let foreign = Site(path: "encoder.layer.9.output.dense", inFeatures: 12, outFeatures: 8)
        #expect(encoder.sitesBeside(wider.sites + [foreign]).isEmpty)
    }

    @Test("An adapter that causes overflow is an error")
    func overflow() throws {
        let adapter = try randomAdapter(encoder.linearSites, size: 1e30)
        let error = try #require(throws: SgloradError.self) { try encoder.encode("a b", adapter: adapter) }
        #expect(error.code == .invalidFile && error.message.contains("adapter"))
    }
}

@Suite("Determinism", .enabled(if: Places.hasModel, "needs the model all-MiniLM-L6-v2 in .model"))
struct DeterminismTests {
    private static let texts = [
        "route requests about travel bookings", "match definitions of birds to their names",
    ]

    @Test("Calls and encoders give the same bits, also after other work")
    func repeated() throws {
        let encoder = try SentenceEncoder(folder: Places.model)
        let first = try encoder.encode(Self.texts[0]).embedding.map(\.bitPattern)
        for length in 1...12 {
            _ = try encoder.encode(batch: [String](repeating: Self.texts[1], count: length))
            #expect(try encoder.encode(Self.texts[0]).embedding.map(\.bitPattern) == first)
        }
        let other = try SentenceEncoder(folder: Places.model)
        #expect(try other.encode(Self.texts[0]).embedding.map(\.bitPattern) == first)
    }

    @Test("Eight concurrent tasks get the same bits, with and without an adapter")
    func concurrent() async throws {
        let encoder = try SentenceEncoder(folder: Places.model)
        let adapter = try randomAdapter(encoder.linearSites, rank: 4, size: 0.02)
        let plain = try encoder.encode(Self.texts[0]).embedding
        let adapted = try encoder.encode(Self.texts[1], adapter: adapter).embedding
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<5 {
                        let embedding =
                            task % 2 == 0
                            ? try encoder.encode(Self.texts[0]).embedding
                            : try encoder.encode(Self.texts[1], adapter: adapter).embedding
                        if embedding != (task % 2 == 0 ? plain : adapted) { return false }
                    }
                    return true
                }
            }
            for try await isSame in group { #expect(isSame) }
        }
    }

    @Test("The model's dimensions, and truncation of a long text")
    func sizes() throws {
        let encoder = try SentenceEncoder(folder: Places.model)
        #expect(encoder.dimension == 384 && encoder.maximumTokens == 256 && encoder.linearSites.count == 36)
        let encoding = try encoder.encode(String(repeating: "travel ", count: 300))
        #expect(encoding.tokenCount == 256 && encoding.truncated)
    }
}

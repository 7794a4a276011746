import Generation
import LinearAlgebra
import SemanticGuidance
import Testing

/// What a generator does with words that have nothing to do with its library.
@Suite("Fading guidance")
struct RelevanceFadeTests {
    @Test func `far below the threshold nothing is left but the library's mean`() throws {
        let library = try randomLibrary(experts: 8)
        let generator = try trainedGenerator(library)
        var away = [Float](repeating: 0, count: 8)
        for expert in library.experts { for place in 0..<8 { away[place] -= expert.embedding[place] } }
        let far = generator.neighbourhood(of: unit(away), in: library)
        let nearest = library.index.proximities(to: unit(away), by: .plain).max() ?? 1
        try #require(nearest < 0.6 * generator.record.threshold)
        #expect(far.relevance == 0)
        let mean = try MeanGenerator().parameters(guidedBy: far, in: library, seed: 0)
        let made = try generator.parameters(guidedBy: far, in: library, seed: 3)
        for (one, other) in zip(mean, made) { #expect(abs(one - other) < 1e-5) }
    }

    @Test func `between the two, guidance is in part`() throws {
        let library = try randomLibrary(experts: 8)
        var generator = try trainedGenerator(library)
        let embedding = library.experts[3].embedding
        for (threshold, relevance) in [(Float(0.5), Float(1)), (1, 1)] {
            generator.record.threshold = threshold
            let found = generator.neighbourhood(of: embedding, in: library).relevance
            #expect(abs(found - relevance) < 1e-5)
        }
        // 0.8 of the threshold lies half way between 0.6 and 1.
        var tilted = embedding
        for place in tilted.indices { tilted[place] *= 0.8 }
        generator.record.threshold = 1
        let nearest = library.index.proximities(to: tilted, by: .plain).max() ?? 0
        let half = generator.neighbourhood(of: tilted, in: library).relevance
        #expect(abs(half - (nearest - 0.6) / 0.4) < 1e-5)
        #expect(half > 0.4 && half < 0.6)
    }
}

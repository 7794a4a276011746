import LowRank
import TestSupport
import Testing
import TextEncoding

/// A text's embedding does not depend on the texts that are encoded with it, bit for bit.
@Suite("Batches", .enabled(if: Places.hasModel, "needs the model all-MiniLM-L6-v2 in .model"))
struct BatchTests {
    private static let words = [
        "route", "requests", "about", "travel", "bookings", "birds", "cooking", "in", "the", "kitchen", "of",
        "a",
        "deity", "who", "answers",
    ]

    /// Texts of 3 to 14 tokens, and two longer ones.
    private static let texts: [String] = (0..<64).map { index in
        let count = index % 32 == 31 ? 110 + index : 1 + (index * 7) % 12
        return (0..<count).map { words[($0 * 5 + index) % words.count] }.joined(separator: " ")
    }

    @Test(
        "Every batch of 1 to 64 texts gives the bits of the single texts, in both precisions, with and without an adapter",
        arguments: EncoderPrecision.allCases, [false, true])
    func sizes(precision: EncoderPrecision, isAdapted: Bool) async throws {
        try await onOwnThread { try Self.expectSameBits(precision, isAdapted: isAdapted) }
    }

    private static func expectSameBits(_ precision: EncoderPrecision, isAdapted: Bool) throws {
        let encoder = try SentenceEncoder(folder: Places.model, precision: precision)
        let adapter = isAdapted ? try randomAdapter(encoder.linearSites, rank: 5, size: 0.02) : nil
        let alone = try Self.texts.map {
            try encoder.encode($0, adapter: adapter).embedding.map(\.bitPattern)
        }
        let tokenized = Self.texts.map(encoder.tokenize)
        for count in 1...Self.texts.count {
            // Not always the same neighbours: the batch begins elsewhere each time.
            let indices = (0..<count).map { ($0 + 5 * count) % Self.texts.count }
            let together = try encoder.encode(batch: indices.map { Self.texts[$0] }, adapter: adapter)
            for (index, encoding) in zip(indices, together) {
                try #require(
                    encoding.embedding.map(\.bitPattern) == alone[index], "text \(index) of \(count)")
            }
            guard count <= 16 else { continue }
            let unsorted = try encoder.encode(indices.map { tokenized[$0] }, adapter: adapter)
            try #require(unsorted.map { $0.embedding.map(\.bitPattern) } == indices.map { alone[$0] })
        }
    }

    @Test("A recorded forward pass gives the same embeddings up to the rounding of its mean")
    func recorded() throws {
        let encoder = try SentenceEncoder(folder: Places.model)
        let adapter = try randomAdapter(encoder.linearSites, rank: 4, size: 0.02)
        let texts = Array(Self.texts[..<6])
        let tape = try encoder.record(texts.map(encoder.tokenize), adapter: adapter)
        for (text, recorded) in zip(texts, tape.embeddings) {
            let alone = try encoder.encode(text, adapter: adapter).embedding
            for (one, two) in zip(alone, recorded) { #expect(abs(one - two) <= 1e-6) }
        }
    }
}

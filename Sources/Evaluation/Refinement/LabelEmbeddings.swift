internal import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import TextEncoding

/// The embeddings of all labels with one adapter.
struct LabelEmbeddings: Sendable {
    /// One unit vector for each label, in their order.
    let values: [[Float]]

    /// Encodes the labels on two threads of low priority.
    ///
    /// - Throws: `invalidFile` if the adapter makes an embedding overflow.
    init(
        _ labels: [TokenizedText], by encoder: SentenceEncoder, with adapter: LoRAAdapter
    ) throws(SgloradError) {
        let batches = SentenceEncoder.batches(of: labels, limit: Self.tokens)
        let parts = try Workers.mapInBackground(batches.count) { place throws(SgloradError) in
            try encoder.encode(batches[place].map { labels[$0] }, adapter: adapter).map(\.embedding)
        }
        var values = [[Float]](repeating: [], count: labels.count)
        for (batch, part) in zip(batches, parts) {
            for (label, embedding) in zip(batch, part) { values[label] = embedding }
        }
        self.values = values
    }

    /// The most tokens that are encoded at once.
    private static let tokens = 512

    /// How well an adapter answers examples.
    struct Score: Sendable {
        /// How many it answers rightly.
        let right: Int
        /// The mean loss.
        let loss: Float

        /// Whether an adapter with this score is better than one with the other: no worse at either, and better at one.
        func isBetter(than other: Score) -> Bool {
            right >= other.right && loss <= other.loss && (right > other.right || loss < other.loss)
        }
    }

    /// Judges the adapter that the labels were encoded with.
    func score(
        of examples: [AnsweredExamples.Example], by encoder: SentenceEncoder, with adapter: LoRAAdapter
    ) throws(SgloradError) -> Score {
        let queries = try encoder.encode(examples.map(\.text), adapter: adapter).map(\.embedding)
        let answers = examples.map(\.answer)
        let (loss, _) = ContrastiveObjective.crossEntropy(
            values + queries, texts: values.count, answers: answers)
        let ranking = Ranking(
            pool: Matrix(stacking: values), queries: Matrix(stacking: queries), answers: answers)
        return Score(right: ranking.places.count { $0 == 0 }, loss: loss)
    }
}

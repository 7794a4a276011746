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

    /// The labels beside some answers that are most easily taken for one of them: those of the highest cosine to any.
    ///
    /// - Parameters:
    ///   - answers: indices of labels.
    ///   - count: how many are wanted; fewer if there are not so many.
    /// - Returns: indices, nearest first; of equally near labels the first.
    func nearest(to answers: [Int], count: Int) -> [Int] {
        let given = Set(answers)
        let others = values.indices.filter { !given.contains($0) }
        guard !answers.isEmpty, !others.isEmpty else { return [] }
        let cosines = Matrix(stacking: others.map { values[$0] }).multiplied(
            by: Matrix(stacking: answers.map { values[$0] }), transposeOther: true)
        let highest = others.indices.map { cosines.row($0).max() ?? -1 }
        return others.indices.sorted { (highest[$0], $1) > (highest[$1], $0) }.prefix(count).map {
            others[$0]
        }
    }

    /// The mean loss on examples of the adapter that the labels were encoded with.
    func loss(
        of examples: [AnsweredExamples.Example], by encoder: SentenceEncoder, with adapter: LoRAAdapter
    ) throws(SgloradError) -> Float {
        let queries = try encoder.encode(examples.map(\.text), adapter: adapter).map(\.embedding)
        return ContrastiveObjective.crossEntropy(
            values + queries, texts: values.count, answers: examples.map(\.answer)
        ).loss
    }
}

public import LinearAlgebra

/// The ranks of the right answers of a task's queries.
public struct Ranking: Sendable, Hashable {
    /// The rank of each query's answer in the pool, from 0; ``unranked`` where it has none.
    public let places: [Int]

    /// The rank of an answer that was not given, where only one answer was: all metrics of the query are 0.
    public static let unranked = Int.max

    /// Creates a ranking from known ranks.
    public init(places: [Int]) {
        self.places = places
    }

    /// Ranks the pool for every query by cosine.
    ///
    /// Equal cosines are ordered by the pool, so an answer ranks behind equally near texts that precede it.
    /// Each cosine is a separate inner product, so that equal texts have equal cosines.
    ///
    /// - Parameters:
    ///   - pool: unit embeddings, `[texts, dimension]`.
    ///   - queries: unit embeddings, `[queries, dimension]`.
    ///   - answers: for each query the row of its answer in `pool`.
    public init(pool: Matrix, queries: Matrix, answers: [Int]) {
        precondition(pool.columns == queries.columns && answers.count == queries.rows, "shapes differ")
        let width = pool.columns
        var places = [Int](repeating: 0, count: answers.count)
        var cosines = [Float](repeating: 0, count: pool.rows)
        pool.values.withUnsafeBufferPointer { texts in
            queries.values.withUnsafeBufferPointer { queries in
                guard let texts = texts.baseAddress, let queries = queries.baseAddress else { return }
                for (query, answer) in answers.enumerated() {
                    for text in 0..<pool.rows {
                        cosines[text] = BLAS.dot(count: width, texts + text * width, queries + query * width)
                    }
                    let right = cosines[answer]
                    for text in 0..<pool.rows
                    where cosines[text] > right || (cosines[text] == right && text < answer) {
                        places[query] += 1
                    }
                }
            }
        }
        self.places = places
    }

    /// The metrics of the ranking, averaged over the queries.
    public var figures: RankingFigures {
        var sums = RankingFigures(recallAt1: 0, recallAt5: 0, meanReciprocalRank: 0)
        for place in places {
            let one = RankingFigures(place: place)
            sums.recallAt1 += one.recallAt1
            sums.recallAt5 += one.recallAt5
            sums.meanReciprocalRank += one.meanReciprocalRank
        }
        let count = Double(max(1, places.count))
        return RankingFigures(
            recallAt1: sums.recallAt1 / count, recallAt5: sums.recallAt5 / count,
            meanReciprocalRank: sums.meanReciprocalRank / count)
    }
}

/// Retrieval metrics, each 0...1.
public struct RankingFigures: Sendable, Hashable, Codable {
    /// The share of queries whose answer ranks first.
    public var recallAt1: Double
    /// The share of queries whose answer is among the first five.
    public var recallAt5: Double
    /// The mean reciprocal rank: the mean of 1 / (place + 1).
    public var meanReciprocalRank: Double

    /// Creates the metrics.
    public init(recallAt1: Double, recallAt5: Double, meanReciprocalRank: Double) {
        self.recallAt1 = recallAt1
        self.recallAt5 = recallAt5
        self.meanReciprocalRank = meanReciprocalRank
    }

    /// The metrics of one query whose answer has this rank, from 0.
    init(place: Int) {
        self.init(
            recallAt1: place == 0 ? 1 : 0, recallAt5: place < 5 ? 1 : 0,
            meanReciprocalRank: place == Ranking.unranked ? 0 : 1 / Double(place + 1))
    }
}

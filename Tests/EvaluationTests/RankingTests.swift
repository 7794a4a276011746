import LinearAlgebra
import Testing

@testable import Evaluation

@Suite struct RankingTests {
    private static let pool = Matrix(stacking: [[1, 0], [0, 1], [0.6, 0.8], [1, 0]])

    @Test func countsWhatIsNearer() {
        let queries = Matrix(stacking: [[0, 1], [0, 1], [0, 1], [1, 0]])
        let ranking = Ranking(pool: Self.pool, queries: queries, answers: [1, 2, 0, 2])
        #expect(ranking.places == [0, 1, 2, 2])
        #expect(ranking.figures.recallAt1 == 0.25)
        #expect(ranking.figures.recallAt5 == 1)
        #expect(abs(ranking.figures.meanReciprocalRank - (1 + 0.5 + 1 / 3 + 1 / 3) / 4) < 1e-12)
    }

    @Test func equalTextsAreOrderedByThePool() {
        let queries = Matrix(stacking: [[1, 0], [1, 0]])
        #expect(Ranking(pool: Self.pool, queries: queries, answers: [0, 3]).places == [0, 1])
        // Also where a matrix product would round the columns of equal texts apart.
        var random = CounterRandom(seed: 3)
        let text = random.gaussians(384)
        let pool = Matrix(stacking: [[Float]](repeating: text, count: 201))
        let ranking = Ranking(pool: pool, queries: Matrix(stacking: [random.gaussians(384)]), answers: [200])
        #expect(ranking.places == [200])
        #expect(ranking.figures == RankingFigures(recallAt1: 0, recallAt5: 0, meanReciprocalRank: 1 / 201))
    }
}

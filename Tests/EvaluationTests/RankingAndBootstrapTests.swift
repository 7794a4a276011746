import LinearAlgebra
import Testing

@testable import Evaluation

@Suite("Ranking")
struct RankingTests {
    private static let pool = Matrix(stacking: [[1, 0], [0, 1], [0.6, 0.8], [1, 0]])

    @Test func `a rank is the number of nearer texts`() {
        let queries = Matrix(stacking: [[0, 1], [0, 1], [0, 1], [1, 0]])
        let ranking = Ranking(pool: Self.pool, queries: queries, answers: [1, 2, 0, 2])
        #expect(ranking.places == [0, 1, 2, 2])
        #expect(ranking.figures.recallAt1 == 0.25)
        #expect(ranking.figures.recallAt5 == 1)
        #expect(abs(ranking.figures.meanReciprocalRank - (1 + 0.5 + 1 / 3 + 1 / 3) / 4) < 1e-12)
    }

    @Test func `equal texts are ordered by the pool`() {
        let queries = Matrix(stacking: [[1, 0], [1, 0]])
        #expect(Ranking(pool: Self.pool, queries: queries, answers: [0, 3]).places == [0, 1])
        // Also for sizes at which a matrix product would round the cosines of equal texts differently.
        var random = CounterRandom(seed: 3)
        let text = random.gaussians(384)
        let pool = Matrix(stacking: [[Float]](repeating: text, count: 201))
        let ranking = Ranking(pool: pool, queries: Matrix(stacking: [random.gaussians(384)]), answers: [200])
        #expect(ranking.places == [200])
        #expect(ranking.figures == RankingFigures(recallAt1: 0, recallAt5: 0, meanReciprocalRank: 1 / 201))
    }
}

@Suite("Bootstrap")
struct BootstrapTests {
    /// Tasks with two columns of Bernoulli outcomes: with a random chance per task, and with that chance plus
    /// 0.1.
    private static func tasks(_ count: Int, queries: Int) -> [[[Float]]] {
        var random = CounterRandom(seed: 11)
        return (0..<count).map { _ in
            let chance = 0.2 + 0.6 * random.uniform()
            return (0..<queries).map { _ in
                let draw: Float = random.uniform()
                return [draw < chance ? 1 : 0, draw < chance + 0.1 ? 1 : 0]
            }
        }
    }

    private static func bootstrap(_ tasks: [[[Float]]], seed: UInt64 = 1) -> Bootstrap {
        Bootstrap(tasks: tasks, columns: 2, resamples: 2000, random: CounterRandom(seed: seed))
    }

    @Test func `intervals are determined by the seed`() {
        let tasks = Self.tasks(10, queries: 50)
        #expect(Self.bootstrap(tasks).estimate(0) == Self.bootstrap(tasks).estimate(0))
        #expect(Self.bootstrap(tasks).estimate(0) != Self.bootstrap(tasks, seed: 2).estimate(0))
    }

    @Test func `intervals contain the mean, and pairing narrows them`() {
        let bootstrap = Self.bootstrap(Self.tasks(20, queries: 100))
        let (first, second) = (bootstrap.estimate(0), bootstrap.estimate(1))
        for estimate in [first, second] {
            #expect(estimate.lower < estimate.mean && estimate.mean < estimate.upper)
        }
        let difference = bootstrap.difference(1, 0)
        #expect(abs(difference.mean - (second.mean - first.mean)) < 1e-12)
        #expect(difference.upper - difference.lower < 0.5 * (first.upper - first.lower))
        #expect(difference.lower > 0)
    }

    @Test func `the width agrees with the normal approximation`() {
        // Identical tasks: only the queries vary, with a standard error of √(p(1−p)/n).
        let queries: [[Float]] = (0..<100).map { [$0 < 30 ? 1 : 0, 0] }
        let estimate = Self.bootstrap([[[Float]]](repeating: queries, count: 16)).estimate(0)
        let expected = 2 * 1.96 * (0.3 * 0.7 / 1600).squareRoot()
        #expect(abs(estimate.mean - 0.3) < 1e-6)
        #expect(abs((estimate.upper - estimate.lower) / expected - 1) < 0.1)
    }

    @Test func `constant data have an interval of zero width`() {
        let empty = Self.bootstrap([]).estimate(0)
        #expect(empty.mean == 0 && empty.lower == 0 && empty.upper == 0)
        let certain = Self.bootstrap([[[1, 0]]]).estimate(0)
        #expect(certain.mean == 1 && certain.lower == 1 && certain.upper == 1)
        #expect(Bootstrap.percentile([1, 2, 3, 4, 5], 0.5) == 3)
        #expect(Bootstrap.percentile([1, 3], 0.25) == 1.5)
    }
}

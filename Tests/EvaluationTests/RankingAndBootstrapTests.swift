import LinearAlgebra
import Testing

@testable import Evaluation

@Suite struct BootstrapTests {
    /// Tasks of queries with two columns: a coin of a task's own chance, and the same raised by a tenth.
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

    @Test func isAFunctionOfItsSeed() {
        let tasks = Self.tasks(10, queries: 50)
        #expect(Self.bootstrap(tasks).estimate(0) == Self.bootstrap(tasks).estimate(0))
        #expect(Self.bootstrap(tasks).estimate(0) != Self.bootstrap(tasks, seed: 2).estimate(0))
    }

    @Test func intervalsHoldTheMeanAndPairingNarrowsThem() {
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

    @Test func widthIsThatOfTheNormalApproximation() {
        // Equal tasks: only the queries vary, with a standard error of √(p(1−p)/n).
        let queries: [[Float]] = (0..<100).map { [$0 < 30 ? 1 : 0, 0] }
        let estimate = Self.bootstrap([[[Float]]](repeating: queries, count: 16)).estimate(0)
        let expected = 2 * 1.96 * (0.3 * 0.7 / 1600).squareRoot()
        #expect(abs(estimate.mean - 0.3) < 1e-6)
        #expect(abs((estimate.upper - estimate.lower) / expected - 1) < 0.1)
    }

    @Test func nothingHasNoSpread() {
        let empty = Self.bootstrap([]).estimate(0)
        #expect(empty.mean == 0 && empty.lower == 0 && empty.upper == 0)
        let certain = Self.bootstrap([[[1, 0]]]).estimate(0)
        #expect(certain.mean == 1 && certain.lower == 1 && certain.upper == 1)
        #expect(Bootstrap.percentile([1, 2, 3, 4, 5], 0.5) == 3)
        #expect(Bootstrap.percentile([1, 3], 0.25) == 1.5)
    }
}

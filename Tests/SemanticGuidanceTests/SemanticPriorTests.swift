import LinearAlgebra
import SemanticGuidance
import Testing

@Suite("SemanticPrior")
struct SemanticPriorTests {
    /// Random experts with checkpoints, a neighbourhood of them and its prior.
    private struct Case {
        let checkpoints: [[[Float]]]
        let means: [[Double]]
        let variances: [[Double]]
        let neighbourhood: Neighbourhood
        let prior: SemanticPrior

        init(seed: UInt64, dimension: Int = 6) throws {
            var random = CounterRandom(seed: seed)
            var checkpoints: [[[Float]]] = []
            for _ in 0..<6 {
                let centre = random.gaussians(dimension)
                checkpoints.append(
                    (0..<1 + random.below(6)).map { _ in
                        zip(centre, random.gaussians(dimension)).map { $0 + 0.3 * $1 }
                    })
            }
            self.checkpoints = checkpoints
            let means = checkpoints.map { samples in
                (0..<dimension).map { place in
                    samples.reduce(0) { $0 + Double($1[place]) } / Double(samples.count)
                }
            }
            let variances = zip(checkpoints, means).map { samples, mean in
                (0..<dimension).map { place in
                    samples.reduce(0) { sum, sample in
                        let distance = Double(sample[place]) - mean[place]
                        return sum + distance * distance
                    } / Double(samples.count)
                }
            }
            self.means = means
            self.variances = variances
            neighbourhood = Neighbourhood(
                proximities: (0..<6).map { _ in random.uniform() },
                options: try GuidanceOptions(topK: 4, temperature: 0.5, measure: .plain))
            prior = SemanticPrior(
                neighbourhood, means: means.map { FloatVector($0.map { Float($0) }) },
                variances: variances.map { FloatVector($0.map { Float($0) }) })
        }
    }

    @Test(arguments: 1...12) func `mean and variance are those of drawing an expert, then a checkpoint`(
        seed: UInt64
    ) throws {
        let given = try Case(seed: seed)
        for place in given.prior.mean.indices {
            var (first, second) = (0.0, 0.0)
            for member in given.neighbourhood.members {
                let samples = given.checkpoints[member.expert]
                for sample in samples {
                    let share = Double(member.weight) / Double(samples.count)
                    first += share * Double(sample[place])
                    second += share * Double(sample[place]) * Double(sample[place])
                }
            }
            #expect(abs(Double(given.prior.mean[place]) - first) < 1e-5)
            // E[x²] − E[x]², without the law of total variance.
            #expect(abs(Double(given.prior.variance[place]) - (second - first * first)) < 1e-5)
        }
    }

    @Test(arguments: 1...4) func `a two-stage sample has the prior's mean and variance`(
        seed: UInt64
    ) throws {
        let given = try Case(seed: seed, dimension: 2)
        let members = given.neighbourhood.members
        var random = CounterRandom(seed: seed, stream: 9)
        let count = 20_000
        var sum = [0.0, 0.0]
        var squares = [0.0, 0.0]
        for _ in 0..<count {
            var rest = random.uniform()
            var chosen = members[members.count - 1]
            for member in members {
                if rest < member.weight {
                    chosen = member
                    break
                }
                rest -= member.weight
            }
            for (place, noise) in random.gaussians(2).enumerated() {
                let deviation = given.variances[chosen.expert][place].squareRoot()
                let x = given.means[chosen.expert][place] + deviation * Double(noise)
                sum[place] += x
                squares[place] += x * x
            }
        }
        for place in 0..<2 {
            let mean = sum[place] / Double(count)
            let variance = squares[place] / Double(count) - mean * mean
            let expected = Double(given.prior.variance[place])
            // Five standard errors: √(σ²/n) of the mean, about σ²√(2/n) of the variance.
            #expect(abs(mean - Double(given.prior.mean[place])) < 5 * (expected / Double(count)).squareRoot())
            #expect(abs(variance / expected - 1) < 5 * (2 / Double(count)).squareRoot())
        }
    }

    @Test(arguments: 1...4) func `the variance is the sum of the variances within and between experts`(
        seed: UInt64
    ) throws {
        let given = try Case(seed: seed)
        let members = given.neighbourhood.members
        for place in given.prior.mean.indices {
            let mean = members.reduce(0) { $0 + Double($1.weight) * given.means[$1.expert][place] }
            let within = members.reduce(0) { $0 + Double($1.weight) * given.variances[$1.expert][place] }
            let between = members.reduce(0) { sum, member in
                let distance = given.means[member.expert][place] - mean
                return sum + Double(member.weight) * distance * distance
            }
            #expect(abs(Double(given.prior.within[place]) - within) < 1e-6)
            #expect(abs(Double(given.prior.between[place]) - between) < 1e-6)
        }
        #expect(given.prior.variance == zip(given.prior.within, given.prior.between).map { $0 + $1 })
    }

    @Test func `one expert alone has no variance between experts`() throws {
        let neighbourhood = Neighbourhood(
            proximities: [0.1, 0.9], options: try GuidanceOptions(topK: 1, temperature: 0.1, measure: .plain))
        let prior = SemanticPrior(
            neighbourhood, means: [[9, 9], [0.3, -2]].map { FloatVector($0) },
            variances: [[9, 9], [0.5, 0]].map { FloatVector($0) })
        #expect(prior.mean == [0.3, -2])
        #expect(prior.within == [0.5, 0] && prior.between == [0, 0])
        #expect(
            SemanticPrior.mean(neighbourhood, of: [[9, 9], [0.3, -2]].map { FloatVector($0) }) == prior.mean)
    }
}

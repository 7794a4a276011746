import ErrorModel
import LinearAlgebra
import SemanticGuidance
import Testing

@testable import Generation

/// The generator whose condition is the task vector of examples.
@Suite("ICM-LoRA")
struct ICMLoRATests {
    private static let dimension = 6

    private static func plan(steps: Int = 40) -> ICMPlan {
        var plan = ICMPlan()
        plan.steps = steps
        plan.directions = 8
        plan.latent = 3
        plan.width = 16
        return plan
    }

    /// Examples of each expert: texts and answers scattered about a direction of its own.
    private static func examples(_ library: Library, count: Int = 12, seed: UInt64 = 5) -> [String:
        ExpertExamples]
    {
        var random = CounterRandom(seed: seed)
        return Dictionary(
            uniqueKeysWithValues: library.experts.map { expert in
                func scattered(_ centre: [Float]) -> [[Float]] {
                    (0..<count).map { _ in
                        unit(zip(centre, random.gaussians(Self.dimension)).map { $0 + 0.2 * $1 })
                    }
                }
                let texts = scattered(unit(random.gaussians(Self.dimension)))
                let answers = scattered(unit(random.gaussians(Self.dimension)))
                return (expert.name, ExpertExamples(texts: texts, answers: answers))
            })
    }

    private static func trained(
        _ library: Library, plan: ICMPlan = Self.plan()
    ) throws -> ICMLoRAGenerator {
        try ICMLoRATrainer(library: library, examples: examples(library), plan: plan).train { _, _ in }
    }

    @Test func `the gradient of the loss is that of finite differences`() {
        var random = CounterRandom(seed: 3)
        for deterministic in [false, true] {
            var network = TaskVAE(
                coordinates: 4, condition: 3, latent: 2, width: 5, deterministic: deterministic,
                random: &random)
            // Output layers of zeros would hide most of the gradient.
            network.layers = network.layers.map { layer in
                DenseLayer(
                    weight: Matrix(
                        rows: layer.weight.rows, columns: layer.weight.columns,
                        values: random.gaussians(layer.weight.values.count).map { 0.4 * $0 }),
                    bias: random.gaussians(layer.bias.count).map { 0.1 * $0 })
            }
            func matrix(_ columns: Int) -> Matrix {
                Matrix(rows: 3, columns: columns, values: random.gaussians(3 * columns))
            }
            let (target, condition, noise) = (matrix(4), matrix(3), matrix(2))
            func loss(_ network: TaskVAE) -> Float {
                let loss = network.loss(target: target, condition: condition, noise: noise, beta: 0.3)
                return loss.reconstruction + 0.3 * loss.divergence
            }
            let gradients = network.loss(target: target, condition: condition, noise: noise, beta: 0.3)
                .gradients
            for layer in network.layers.indices {
                for place in [0, network.layers[layer].weight.values.count - 1] {
                    var (above, below) = (network, network)
                    above.layers[layer].weight.values[place] += 5e-3
                    below.layers[layer].weight.values[place] -= 5e-3
                    let slope = (loss(above) - loss(below)) / 1e-2
                    let own = gradients[layer].weight.values[place]
                    #expect(
                        abs(slope - own) < 2e-2 * max(0.1, abs(own)), "\(deterministic) \(layer) \(place)")
                }
            }
        }
    }

    @Test func `the same library, examples and plan give the same bits`() throws {
        let library = try randomLibrary(experts: 9)
        let (one, other) = (try Self.trained(library), try Self.trained(library))
        let vector = Self.examples(library)["expert-3"].map { TaskVector(texts: $0.texts, answers: []) }
        let task = try #require(vector)
        for seed: UInt64 in [1, 2] {
            #expect(
                try one.parameters(for: task, in: library, seed: seed)
                    == other.parameters(for: task, in: library, seed: seed))
        }
        #expect(one.share == other.share && (0...1).contains(one.share))
        var plan = Self.plan()
        plan.seed = 1
        let another = try Self.trained(library, plan: plan)
        #expect(another.decoded(task, seed: 1) != one.decoded(task, seed: 1))
    }

    @Test func `in the closed world it decodes an expert from its examples, but not from another's`() throws {
        let library = try randomLibrary(experts: 6)
        var plan = Self.plan(steps: 600)
        plan.width = 48
        plan.directions = 12
        let examples = Self.examples(library)
        let origin = try library.mean()
        func distance(_ one: [Float], _ other: [Float]) -> Float {
            zip(one, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        func error(_ plan: ICMPlan) throws -> Float {
            let generator = try Self.trained(library, plan: plan)
            var sum: Float = 0
            for expert in library.experts {
                let own = try #require(examples[expert.name])
                let made = generator.decoded(own.whole, seed: 0, sampling: .mean)
                sum += distance(made, expert.mean.array) / distance(origin, expert.mean.array)
            }
            return sum / Float(library.experts.count)
        }
        let own = try error(plan)
        #expect(own < 0.4, "\(own)")
        plan.shuffled = true
        let shuffled = try error(plan)
        #expect(shuffled > 1, "each expert's examples decode another expert: \(shuffled)")
    }

    @Test func `without a latent every seed gives the same adapter`() throws {
        let library = try randomLibrary(experts: 6)
        var plan = Self.plan()
        let task = try #require(Self.examples(library)["expert-1"]).whole
        let sampled = try Self.trained(library, plan: plan)
        #expect(
            try sampled.parameters(for: task, in: library, seed: 1, sampling: .mean)
                == sampled.parameters(for: task, in: library, seed: 2, sampling: .mean))
        plan.withoutLatent = true
        let plain = try Self.trained(library, plan: plan)
        #expect(
            try plain.parameters(for: task, in: library, seed: 1)
                == plain.parameters(for: task, in: library, seed: 2))
        #expect(plain.divergence == 0 && sampled.divergence > 0)
    }

    @Test func `an adapter is the merge by task vectors and the share of the correction`() throws {
        let library = try randomLibrary(experts: 6)
        var generator = try Self.trained(library)
        let own = try #require(Self.examples(library)["expert-2"])
        let neighbourhood = generator.neighbourhood(of: own.whole)
        #expect(neighbourhood.members.first.map { library.experts[$0.expert].name } == "expert-2")
        // Texts alone are compared with texts.
        let texts = TaskVector(texts: own.texts, answers: [])
        #expect(generator.neighbourhood(of: texts).members.first?.expert == 2)
        generator.share = 0
        #expect(
            try generator.parameters(for: own.whole, in: library, seed: 1) == library.merged(neighbourhood))
        generator.share = 1
        // μ* + U(ŷ − y*), and all means lie in the directions' span: x̄ + U ŷ up to what eight directions leave out.
        let made = try generator.parameters(for: own.whole, in: library, seed: 1)
        #expect(farthest(made, generator.decoded(own.whole, seed: 1)) < 0.3)
    }

    @Test func `another library, missing examples and wrong plans are refused`() throws {
        let library = try randomLibrary(experts: 6)
        let generator = try Self.trained(library)
        let task = try #require(Self.examples(library)["expert-1"]).whole
        let other = #expect(throws: SgloradError.self) {
            try generator.parameters(for: task, in: library.excluding(["expert-0"]), seed: 1)
        }
        #expect(other?.code == .internal)
        var examples = Self.examples(library)
        examples["expert-4"] = nil
        let missing = #expect(throws: SgloradError.self) {
            try ICMLoRATrainer(library: library, examples: examples, plan: Self.plan())
        }
        #expect(missing?.message.contains("expert-4") == true)
        for change: (inout ICMPlan) -> Void in [
            { $0.steps = 0 }, { $0.latent = 0 }, { $0.mostExamples = 0 },
            { ($0.fewestExamples, $0.mostExamples) = (9, 8) },
        ] {
            var plan = Self.plan()
            change(&plan)
            #expect(throws: SgloradError.self) { try plan.validate() }
        }
    }
}

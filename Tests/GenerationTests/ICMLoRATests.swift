import ErrorModel
import LinearAlgebra
import SemanticGuidance
import TestSupport
import Testing

@testable import Generation

/// The generator whose condition is the task vector of examples.
@Suite("ICM-LoRA")
struct ICMLoRATests {
    /// As of the descriptions' embeddings.
    private static let dimension = 8

    private static func plan(steps: Int = 40) -> TrainingPlan {
        var plan = TrainingPlan(system: .icmLoRA)
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
        _ library: Library, plan: TrainingPlan = Self.plan()
    ) throws -> ICMLoRAGenerator {
        try trainer(library, plan: plan).train { _ in }
    }

    private static func trainer(
        _ library: Library, plan: TrainingPlan = Self.plan(), examples: [String: ExpertExamples]? = nil
    ) throws -> ICMLoRATrainer {
        try ICMLoRATrainer(
            library: library, plan: plan, base: "base", encoder: "encoder",
            examples: examples ?? Self.examples(library), digest: "digest")
    }

    /// An adapter as a request gets it.
    private static func made(
        _ generator: ICMLoRAGenerator, _ vector: TaskVector, in library: Library, seed: UInt64,
        sampling: ICMLoRAGenerator.Sampling = .sample
    ) throws -> [Float] {
        try generator.parameters(
            for: vector, guidedBy: generator.neighbourhood(of: vector), in: library, seed: seed,
            sampling: sampling)
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
                return loss.loss.reconstruction + 0.3 * loss.loss.divergence
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
                try Self.made(one, task, in: library, seed: seed)
                    == Self.made(other, task, in: library, seed: seed))
        }
        #expect(one.record == other.record && (0...1).contains(one.record.correctionShare))
        #expect(one.record.system == .icmLoRA && one.record.learned?.tasks == 9)
        #expect(one.record.loss == one.record.learned?.loss)
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
        func error(_ plan: TrainingPlan) throws -> Float {
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
        plan.icm?.shuffled = true
        let shuffled = try error(plan)
        #expect(shuffled > 1, "each expert's examples decode another expert: \(shuffled)")
    }

    @Test func `experts whose examples are all alike make finite adapters`() throws {
        let library = try randomLibrary(experts: 6)
        let one = try #require(Self.examples(library)["expert-0"])
        let same = Dictionary(
            uniqueKeysWithValues: library.experts.map {
                ($0.name, ExpertExamples(texts: [one.texts[0]], answers: [one.answers[0]]))
            })
        let generator = try Self.trainer(library, examples: same).train { _ in }
        for vector in [one.whole, TaskVector(texts: one.texts, answers: [])] {
            let made = try Self.made(generator, vector, in: library, seed: 1)
            #expect(made.allSatisfy { $0.isFinite })
        }
    }

    @Test func `without a latent every seed gives the same adapter`() throws {
        let library = try randomLibrary(experts: 6)
        var plan = Self.plan()
        let task = try #require(Self.examples(library)["expert-1"]).whole
        let sampled = try Self.trained(library, plan: plan)
        #expect(
            try Self.made(sampled, task, in: library, seed: 1, sampling: .mean)
                == Self.made(sampled, task, in: library, seed: 2, sampling: .mean))
        plan.deterministic = true
        let plain = try Self.trained(library, plan: plan)
        #expect(
            try Self.made(plain, task, in: library, seed: 1)
                == Self.made(plain, task, in: library, seed: 2))
        #expect(plain.record.divergence == 0 && sampled.record.divergence > 0)
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
        generator.record.correctionShare = 0
        #expect(
            try Self.made(generator, own.whole, in: library, seed: 1) == library.merged(neighbourhood))
        generator.record.correctionShare = 1
        // μ* + U(ŷ − y*), and all means lie in the directions' span: x̄ + U ŷ up to what eight directions leave out.
        let made = try Self.made(generator, own.whole, in: library, seed: 1)
        #expect(farthest(made, generator.decoded(own.whole, seed: 1)) < 0.3)
        // Nothing but the mean of all checkpoints is left of an intent that the library knows nothing about.
        var irrelevant = neighbourhood
        irrelevant.relevance = 0
        let faded = try generator.parameters(
            for: own.whole, guidedBy: irrelevant, in: library, seed: 1, sampling: .sample)
        #expect(farthest(faded, generator.coordinates.origin.array) < 1e-5)
    }

    @Test func `another library, missing examples and wrong plans are refused`() throws {
        let library = try randomLibrary(experts: 6)
        let generator = try Self.trained(library)
        let task = try #require(Self.examples(library)["expert-1"]).whole
        let smaller = library.excluding(["expert-0"])
        let other = refusal(.internal) { _ = try Self.made(generator, task, in: smaller, seed: 1) }
        #expect(other != nil)
        _ = refusal(.internal) {
            _ = try generator.parameters(
                for: TaskCondition(embedding: library.experts[0].embedding),
                guidedBy: generator.neighbourhood(of: task), in: library, seed: 1)
        }
        var examples = Self.examples(library)
        (examples["expert-4"], examples["expert-2"]) = (nil, nil)
        let missing = refusal(.invalidRequest) { _ = try Self.trainer(library, examples: examples) }
        #expect(missing?.message.contains("expert-2, expert-4") == true)
        _ = refusal(.internal) { _ = try Self.trainer(library, plan: TrainingPlan()) }
        let few = refusal(.trainingFailed) {
            _ = try Self.trainer(Library(layout: library.layout, experts: []))
        }
        #expect(few?.message.contains("at least two") == true)
        for change: (inout TrainingPlan) -> Void in [
            { $0.steps = 0 }, { $0.latent = 0 }, { $0.icm?.mostExamples = 0 }, { $0.icm?.beta = .nan },
            { $0.icm?.fewestExamples = 33 }, { $0.icm?.jitter = -1 },
            { $0.taskTraining = TaskTrainingPlan(system: .multiTask) },
        ] {
            var plan = Self.plan()
            change(&plan)
            #expect(refusal(.invalidRequest) { try plan.validate() } != nil)
        }
        // Every system's own default is in range, and names the system.
        for system in GeneratorSystem.allCases {
            let plan = TrainingPlan(system: system)
            try plan.validate()
            #expect(plan.system == system)
        }
    }

    @Test func `a generator restored from its tensors makes the same adapters`() throws {
        let library = try randomLibrary(experts: 9)
        let first = TrainedGenerator.icmLoRA(try Self.trained(library))
        let again = try restored(first)
        #expect(again.record == first.record && again.system == .icmLoRA)
        let own = try #require(Self.examples(library)["expert-5"])
        for vector in [own.whole, TaskVector(texts: own.texts, answers: [])] {
            let condition = TaskCondition(embedding: library.experts[5].embedding, examples: vector)
            let search = library.index.search(condition.embedding, by: .plain, count: 4)
            let near = first.neighbourhood(search, examples: vector, options: .standard)
            #expect(near == again.neighbourhood(search, examples: vector, options: .standard))
            #expect(near.members.first?.expert == 5)
            #expect(
                try first.parameters(for: condition, guidedBy: near, in: library, seed: 1)
                    == again.parameters(for: condition, guidedBy: near, in: library, seed: 1))
        }
        for tensor in first.tensors { #expect(tensor.shape.reduce(1, *) == tensor.values.count) }
    }

    @Test func `files that are not what their record says are refused`() throws {
        let library = try randomLibrary(experts: 9)
        let first = TrainedGenerator.icmLoRA(try Self.trained(library))
        for name in first.tensors.map(\.name) {
            let missing = refusal(.invalidFile) { _ = try restored(first, changing: { $0[name] = nil }) }
            #expect(missing?.message.contains("'\(name)' is missing") == true)
            let other = refusal(.invalidFile) {
                _ = try restored(first, changing: { $0[name]?.shape.append(1) })
            }
            #expect(other?.message.contains("'\(name)' has shape") == true)
        }
        let large = refusal(.invalidFile) {
            _ = try restored(first) { tensors in
                guard let found = tensors["vectors.answers"] else { return }
                var values = found.values.array
                values[3] = 1e30
                tensors["vectors.answers"]?.values = .single(FloatVector(values))
            }
        }
        #expect(large?.message.contains("beyond ±1") == true)
        for change: (inout GeneratorRecord) -> Void in [
            { $0.learned = nil }, { $0.learned?.dimension = 0 }, { $0.learned?.dimension = 1 << 40 },
            { $0.directions = 0 }, { $0.unit = .nan }, { $0.correctionShare = 2 }, { $0.threshold = 0 },
            { $0.plan.latent = 1 << 40 }, { $0.plan.icm?.mostExamples = -1 },
            { $0.experts = [$0.experts[0]] },
            { $0.plan.taskTraining = TaskTrainingPlan(system: .metaLoRA) },
        ] {
            var record = first.record
            change(&record)
            #expect(refusal(.invalidFile) { _ = try restored(first, as: record) } != nil)
        }
    }

    @Test func `every fold is trained alike, and errors in the span are those of its adapters`() throws {
        let library = try randomLibrary(experts: 9, checkpoints: 2)
        let trainer = try Self.trainer(library)
        #expect(trainer.steps == 3 * 40)
        let span = try CheckpointSpan(library)
        let given = Self.examples(library, count: 4, seed: 8)
        for names in library.folds {
            let left = Set(names)
            var steps = 0
            let errors = try trainer.errors(without: left, given: given, over: span) {
                steps += 1
                #expect($0.step == steps)
            }
            #expect(
                errors == (try trainer.errors(without: left, given: given, over: span, progress: { _ in })))
            #expect(errors.map(\.expert) == names.sorted())
            let rest = library.excluding(left)
            let generator = try trainer.excluding(left).train(over: span) { _ in }
            for error in errors {
                let expert = try #require(library.experts.first { $0.name == error.expert })
                let vector = try #require(given[error.expert]).whole
                let guides = generator.neighbourhood(
                    of: vector, describedBy: expert.embedding, in: rest)
                let made = try generator.parameters(
                    for: vector, guidedBy: guides, in: rest, seed: 0, sampling: .mean)
                let scale = squaredDistance(try rest.mean(), expert.mean.array)
                #expect(abs(squaredDistance(made, expert.mean.array) / scale - error.own) < 1e-3)
                #expect(error.control != nil)
            }
        }
    }

    private func squaredDistance(_ one: [Float], _ other: [Float]) -> Double {
        zip(one, other).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    }

    /// A generator read from its tensors, some of them changed, under its record or another.
    private func restored(
        _ generator: TrainedGenerator, as record: GeneratorRecord? = nil,
        changing change: (inout [String: (shape: [Int], values: FloatStream)]) -> Void = { _ in }
    ) throws -> TrainedGenerator {
        var tensors = Dictionary(
            uniqueKeysWithValues: generator.tensors.map { ($0.name, (shape: $0.shape, values: $0.values)) })
        change(&tensors)
        return try TrainedGenerator(record: record ?? generator.record, file: "f") {
            [tensors] name throws(SgloradError) in tensors[name]
        }
    }
}

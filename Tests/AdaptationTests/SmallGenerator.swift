import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance

/// A library of random experts whose layout has 44 parameters.
func randomLibrary(experts count: Int = 5, seed: UInt64 = 1) throws -> Library {
    let layout = try AdapterLayout(
        sites: ["query", "value"].map { Site(path: "layer.0.\($0)", inFeatures: 6, outFeatures: 5) },
        rank: 2, scale: 2)
    var random = CounterRandom(seed: seed)
    let experts = (0..<count).map { number -> LibraryExpert in
        let samples = (0..<2).map { _ in random.gaussians(layout.parameterCount) }
        let mean = zip(samples[0], samples[1]).map { ($0 + $1) / 2 }
        let embedding = random.gaussians(8)
        let norm = embedding.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return LibraryExpert(
            name: "expert-\(number)", digest: "digest-\(number)", embedding: embedding.map { $0 / norm },
            mean: FloatVector(mean),
            variance: FloatVector(zip(samples[0], mean).map { ($0 - $1) * ($0 - $1) }),
            checkpoints: samples.map { FloatVector($0) })
    }
    return Library(layout: layout, experts: experts)
}

/// A generator after 40 training steps.
func smallGenerator(_ library: Library) throws -> SemanticGuidedGenerator {
    var plan = TrainingPlan()
    (plan.steps, plan.directions, plan.latent, plan.width) = (40, 6, 3, 12)
    return try GeneratorTrainer(library: library, plan: plan, base: "minilm", encoder: "encoder")
        .train { _ in }
}

/// A generator of icm-lora after some training steps, on random examples of five numbers each.
///
/// - Parameters:
///   - library: at least two experts.
///   - encoder: the digest of the text encoder, for the record.
///   - dimension: the number of components of an embedding.
func smallExampleGenerator(
    _ library: Library, encoder: String = "encoder", dimension: Int = 5
) throws -> ICMLoRAGenerator {
    var plan = TrainingPlan(system: .icmLoRA)
    (plan.steps, plan.directions, plan.latent, plan.width) = (20, 6, 3, 12)
    var random = CounterRandom(seed: 6)
    func vectors() -> [[Float]] {
        (0..<4).map { _ in
            let vector = random.gaussians(dimension)
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / norm }
        }
    }
    var examples: [String: ExpertExamples] = [:]
    for expert in library.experts {
        examples[expert.name] = ExpertExamples(texts: vectors(), answers: vectors())
    }
    return try ICMLoRATrainer(
        library: library, plan: plan, base: "minilm", encoder: encoder, examples: examples, digest: "texts"
    ).train { _ in }
}

import ErrorModel
import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Testing

/// The vector scaled to length 1.
func unit(_ vector: [Float]) -> [Float] {
    let norm = Float(vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
    return vector.map { $0 / norm }
}

/// A library of random experts on a layout of 44 parameters, determined by `seed`.
func randomLibrary(
    experts count: Int = 6, checkpoints: Int = 3, seed: UInt64 = 1, rank: Int = 2
) throws -> Library {
    let layout = try AdapterLayout(
        sites: [
            Site(path: "layer.0.query", inFeatures: 6, outFeatures: 5),
            Site(path: "layer.0.value", inFeatures: 6, outFeatures: 5),
        ], rank: rank, scale: 2)
    var random = CounterRandom(seed: seed)
    let experts = (0..<count).map { number -> LibraryExpert in
        let centre = random.gaussians(layout.parameterCount).map { 0.3 * $0 }
        let samples = (0..<checkpoints).map { _ in
            zip(centre, random.gaussians(layout.parameterCount)).map { $0 + 0.05 * $1 }
        }
        return libraryExpert(
            "expert-\(number)", samples: samples, embedding: unit(random.gaussians(8)))
    }
    return Library(layout: layout, experts: experts)
}

/// An expert with given checkpoints, their mean and their population variance.
func libraryExpert(_ name: String, samples: [[Float]], embedding: [Float]) -> LibraryExpert {
    let share = 1 / Float(samples.count)
    let mean = samples[0].indices.map { place in samples.reduce(0) { $0 + share * $1[place] } }
    let variance = mean.indices.map { place in
        samples.reduce(0) { $0 + share * ($1[place] - mean[place]) * ($1[place] - mean[place]) }
    }
    return LibraryExpert(
        name: name, digest: "digest of \(name)", embedding: embedding, mean: FloatVector(mean),
        variance: FloatVector(variance), checkpoints: samples.map { FloatVector($0) })
}

/// The experts that guide an intent.
func neighbourhood(
    in library: Library, to embedding: [Float], options: GuidanceOptions = .standard
) -> Neighbourhood {
    library.index.neighbourhood(of: embedding, options: options)
}

/// A plan for a short training of a small network.
func smallPlan(steps: Int = 30) -> TrainingPlan {
    var plan = TrainingPlan()
    plan.steps = steps
    plan.directions = 8
    plan.latent = 4
    plan.width = 16
    return plan
}

/// A generator after a short training.
func trainedGenerator(_ library: Library, plan: TrainingPlan = smallPlan()) throws -> SemanticGuidedGenerator
{
    try GeneratorTrainer(library: library, plan: plan, base: "base", encoder: "encoder").train { _ in }
}

/// The largest absolute difference; infinite if the lengths differ or a value is NaN.
func farthest(_ first: [Float], _ second: [Float]) -> Float {
    guard first.count == second.count else { return .infinity }
    return zip(first, second).reduce(0) { farthest, pair in
        let distance = abs(pair.0 - pair.1)
        return distance.isNaN ? .infinity : max(farthest, distance)
    }
}

import AdapterFormats
import ErrorModel
import Evaluation
import Foundation
import Generation
import LinearAlgebra
import LowRank
import TestSupport
import TextEncoding

/// Libraries from PEFT folders, tasks from files, and evaluations of them.
enum Fixture {
    /// Whether the text encoder and the Python reference are there.
    static let hasReference = Places.hasModel && Places.hasShared("reference/recall.json")
    /// The experts of the example library.
    static let exampleExperts = Places.zoo + "/experts"
    static let encoder = Result { try SentenceEncoder(folder: Places.model) }

    /// The library of all experts of a folder, with means over the checkpoints as the daemon computes them.
    ///
    /// Variances are zero; no evaluation method reads them.
    static func library(
        _ folder: String, by encoder: SentenceEncoder? = nil, where isWanted: (String) -> Bool = { _ in true }
    ) throws -> Library {
        let encoder = try encoder ?? Self.encoder.get()
        struct Card: Decodable { var description: String }
        var experts: [LibraryExpert] = []
        var layout: AdapterLayout?
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where isWanted(name)
        {
            let path = "\(folder)/\(name)"
            let checkpoints = try PEFTFolder.read(directory: path).checkpoints
            let own = try layout ?? AdapterLayout(of: checkpoints[0].factors)
            layout = own
            let vectors = try checkpoints.map { try own.place($0.factors).parameters }
            let card = try JSONDecoder().decode(
                Card.self, from: Data(contentsOf: URL(filePath: "\(path)/expert.json")))
            experts.append(
                LibraryExpert(
                    name: name, digest: "digest of \(name)",
                    embedding: try encoder.encode(card.description).embedding,
                    mean: FloatVector(mean(vectors)),
                    variance: FloatVector([Float](repeating: 0, count: own.parameterCount)),
                    checkpoints: vectors.map(FloatVector.init)))
        }
        return Library(layout: try layout ?? AdapterLayout(sites: [], rank: 1, scale: 1), experts: experts)
    }

    /// The mean, computed by BLAS because tests are built without optimisation.
    private static func mean(_ vectors: [[Float]]) -> [Float] {
        var mean = [Float](repeating: 0, count: vectors[0].count)
        for vector in vectors {
            BLAS.axpy(count: vector.count, alpha: 1 / Float(vectors.count), x: vector, y: &mean)
        }
        return mean
    }

    static func task(_ path: String) throws -> EvaluationTask {
        try JSONDecoder().decode(EvaluationTask.self, from: Data(contentsOf: URL(filePath: path)))
    }

    /// All tasks of `../shared/tasks`.
    static func tasks(_ isWanted: (EvaluationTask) -> Bool) throws -> [EvaluationTask] {
        let folder = Places.shared + "/tasks"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            try task("\(folder)/\($0)")
        }
        .filter(isWanted)
    }

    /// A small task about animals.
    static func small(_ name: String, family: String = "", split: EvaluationTask.Split? = nil)
        -> EvaluationTask
    {
        let animals = [
            ("a bird that hoots at night", "owl"), ("a fish with sharp teeth", "shark"), ("it barks", "dog"),
            ("an insect that makes honey", "bee"), ("a tall conifer", "fir"),
        ]
        return EvaluationTask(
            name: name, description: "match definitions of \(name) to their names", split: split,
            family: family,
            pool: animals.map(\.1), queries: animals.enumerated().map { .init(text: $1.0, answer: $0) })
    }

    static let identity = EvaluationRun.Identity(base: "minilm", generator: "g-1", library: "l", encoder: "e")

    static func evaluation(
        _ library: Library, by encoder: SentenceEncoder? = nil, generator: GuidedGenerator? = nil,
        options: EvaluationOptions, systems: [GeneratorSystem: EvaluationRun.System] = [:],
        examples: ExampleSystem? = nil, sizes: [GeneratorSystem: Int] = [:],
        auto: @escaping AutoChoice = { $0.records.isEmpty ? .weightedTuned : .sgLoRA }
    ) throws -> EvaluationRun {
        EvaluationRun(
            identity, library: library, generator: generator, encoder: try encoder ?? Self.encoder.get(),
            options: options,
            steps: plan().steps,
            train: { library, deterministic, step throws(SgloradError) in
                try GeneratorTrainer(
                    library: library, plan: plan(deterministic), base: "minilm", encoder: "e"
                )
                .train { progress throws(SgloradError) in step(progress) }
            }, systems: systems, examples: examples, auto: auto, sizes: sizes)
    }

    /// Every system that the tasks' loss trains, after some steps on the library's tasks.
    static func systems(
        _ library: Library, _ tasks: [EvaluationTask]
    ) throws -> [GeneratorSystem: EvaluationRun.System] {
        let own = tasks.filter { task in library.experts.contains { $0.name == task.name } }
        let objective = ContrastiveObjective(encoder: try encoder.get(), tasks: own)
        var systems: [GeneratorSystem: EvaluationRun.System] = [:]
        for system in GeneratorSystem.taskTrained {
            @Sendable func train(
                _ library: Library, _ step: (GeneratorTrainer.Progress) -> Void
            ) throws(SgloradError) -> TaskTrainedGenerator {
                var plan = TrainingPlan(system: system)
                plan.steps = 3
                return try SystemTrainer(
                    library: library, plan: plan, base: "minilm", encoder: "e",
                    objective: objective.restricted(to: library.experts.map(\.name)), digest: ""
                ).train { progress throws(SgloradError) in step(progress) }
            }
            let guided = GuidedSystem(generator: try train(library) { _ in }, library: library)
            systems[system] = EvaluationRun.System(
                guided, steps: 3, experts: Set(own.map(\.name)), train: train)
        }
        return systems
    }

    /// A generator of icm-lora after some steps on texts of the library's experts.
    static func examples(
        _ library: Library, _ tasks: [EvaluationTask], training: [AnsweredTexts]
    ) throws -> ExampleSystem {
        var plan = TrainingPlan(system: .icmLoRA)
        (plan.steps, plan.width) = (4, 16)
        let training = training.filter { texts in library.experts.contains { $0.name == texts.name } }
        let generator = try JudgedExampleTraining(
            library: library, plan: plan, base: "minilm", digest: "e", tasks: [], training: training,
            texts: "", encoder: encoder.get()
        ).run { _, _ in }
        return ExampleSystem(
            GuidedExampleGenerator(generator: generator, library: library),
            experts: library.experts.map(\.name), tasks: tasks, training: training, base: "minilm",
            encoder: try encoder.get())
    }

    static func plan(_ deterministic: Bool = false) -> TrainingPlan {
        var plan = TrainingPlan()
        plan.steps = 20
        plan.deterministic = deterministic
        return plan
    }
}

import ErrorModel
import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import Synchronization
import TestSupport
import Testing

/// An objective whose loss is half the squared distance from a point of each task's own.
final class NearPoints: TaskObjective {
    let experts: [String]
    let points: [String: [Float]]
    /// The experts whose tasks were asked for.
    let asked = Mutex<[String]>([])

    /// Points around one centre, one for each expert.
    init(_ library: Library, spread: Float = 0.3, seed: UInt64 = 6) {
        var random = CounterRandom(seed: seed)
        let centre = random.gaussians(library.layout.parameterCount).map { 0.5 * $0 }
        var points: [String: [Float]] = [:]
        for expert in library.experts {
            points[expert.name] = zip(centre, random.gaussians(centre.count)).map { $0 + spread * $1 }
        }
        experts = library.experts.map(\.name)
        self.points = points
    }

    /// The mean loss of one adapter over all tasks.
    func loss(of parameters: [Float]) -> Float {
        points.values.reduce(0) { sum, point in
            sum + zip(parameters, point).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 2
        } / Float(points.count)
    }

    func loss(
        of adapter: LoRAAdapter, onTaskOf expert: String, contested: Set<String>, random: inout CounterRandom
    ) throws(SgloradError) -> (loss: Float, gradient: [Float]) {
        asked.withLock { $0.append(expert) }
        let point = points[expert] ?? []
        let gradient = zip(adapter.parameters, point).map { $0 - $1 }
        return (gradient.reduce(0) { $0 + $1 * $1 } / 2, gradient)
    }
}

/// A plan of a system for a small library.
func systemPlan(_ system: GeneratorSystem, steps: Int = 60, tasksPerStep: Int = 3) -> TrainingPlan {
    var plan = TrainingPlan(system: system)
    plan.steps = steps
    plan.taskTraining?.tasksPerStep = tasksPerStep
    return plan
}

@Suite("Training by the tasks' loss")
struct TaskLossTrainerTests {
    private func trainer(
        _ library: Library, _ objective: any TaskObjective, _ plan: TrainingPlan
    ) throws -> SystemTrainer {
        try SystemTrainer(
            library: library, plan: plan, base: "base", encoder: "encoder", objective: objective,
            digest: "digest")
    }

    private func numbers(_ generator: TaskTrainedGenerator) -> [UInt32] {
        generator.tensors.flatMap { $0.values.array.map(\.bitPattern) }
    }

    @Test(arguments: GeneratorSystem.taskTrained)
    func `a training lowers the loss, and its record says what it learned from`(_ system: GeneratorSystem)
        throws
    {
        let library = try randomLibrary(experts: 9, seed: 5)
        let objective = NearPoints(library)
        let plan = systemPlan(system, steps: 400)
        var losses: [Float] = []
        let trained = try trainer(library, objective, plan).train { losses.append($0.loss) }
        #expect(losses.count == 400)
        let (early, late) = (losses.prefix(40).reduce(0, +), losses.suffix(40).reduce(0, +))
        #expect(late < 0.8 * early)
        #expect(objective.loss(of: trained.control) < objective.loss(of: try library.mean()))
        #expect(trained.record.system == system && trained.record.plan == plan)
        #expect(trained.record.learned?.tasks == 9 && trained.record.learned?.digest == "digest")
        #expect(trained.record.loss == trained.record.learned?.loss && trained.record.loss.isFinite)
        #expect(trained.record.experts.map(\.name) == library.experts.map(\.name))
    }

    @Test(arguments: GeneratorSystem.taskTrained)
    func `one seed gives the same bytes, another seed others`(_ system: GeneratorSystem) throws {
        let library = try randomLibrary(experts: 9, seed: 5)
        let objective = NearPoints(library)
        var plan = systemPlan(system)
        let first = try trainer(library, objective, plan).train { _ in }
        let again = try trainer(library, objective, plan).train { _ in }
        #expect(first.record == again.record && numbers(first) == numbers(again))
        plan.seed = 1
        #expect(numbers(first) != numbers(try trainer(library, objective, plan).train { _ in }))
    }

    @Test(arguments: GeneratorSystem.taskTrained)
    func `a generator restored from its tensors makes the same adapters`(_ system: GeneratorSystem) throws {
        let library = try randomLibrary(experts: 6, seed: 2)
        let first = TrainedGenerator.taskTrained(
            try trainer(library, NearPoints(library), systemPlan(system, steps: 12)).train { _ in })
        let tensors = Dictionary(
            uniqueKeysWithValues: first.tensors.map { ($0.name, (shape: $0.shape, values: $0.values)) })
        #expect(tensors.count == first.tensors.count, "names are unique")
        for tensor in first.tensors { #expect(tensor.shape.reduce(1, *) == tensor.values.count) }
        let again = try TrainedGenerator(record: first.record, file: "f") { name throws(SgloradError) in
            tensors[name]
        }
        #expect(again.record == first.record)
        for expert in library.experts {
            let near = neighbourhood(in: library, to: expert.embedding)
            let condition = TaskCondition(embedding: expert.embedding)
            let made = try first.parameters(for: condition, guidedBy: near, in: library, seed: 1)
            #expect(made == (try again.parameters(for: condition, guidedBy: near, in: library, seed: 2)))
        }
        for name in tensors.keys {
            let error = refusal(.invalidFile) {
                _ = try TrainedGenerator(record: first.record, file: "f") { other throws(SgloradError) in
                    other == name ? nil : tensors[other]
                }
            }
            #expect(error?.message.contains("'\(name)' is missing") == true)
        }
    }

    @Test func `every task is used equally often`() throws {
        let library = try randomLibrary(experts: 7, seed: 3)
        let objective = NearPoints(library)
        _ = try trainer(library, objective, systemPlan(.multiTask, steps: 14, tasksPerStep: 2)).train { _ in }
        let asked = objective.asked.withLock { $0 }
        for expert in library.experts {
            #expect(asked.count { $0 == expert.name } == 4)
        }
    }

    @Test func `a fold's training asks for no task of the fold`() throws {
        let library = try randomLibrary(experts: 8, seed: 3)
        let objective = NearPoints(library)
        let rest = try trainer(library, objective, systemPlan(.multiTask)).excluding(["expert-2", "expert-5"])
        let trained = try rest.train { _ in }
        let asked = Set(objective.asked.withLock { $0 })
        #expect(asked.count == 6 && asked.isDisjoint(with: ["expert-2", "expert-5"]))
        #expect(trained.record.experts.count == 6 && trained.record.learned?.tasks == 6)
    }

    @Test func `an error of the progress ends the training`() throws {
        let library = try randomLibrary()
        let objective = NearPoints(library)
        let error = #expect(throws: SgloradError.self) {
            try trainer(library, objective, systemPlan(.multiTask)).train {
                progress throws(SgloradError) in
                if progress.step == 3 { throw .cancelled("enough") }
            }
        }
        #expect(error?.code == .cancelled)
        #expect(objective.asked.withLock { $0.count } == 9)
    }

    @Test func `multi-task is one adapter, whose control is the library's mean`() throws {
        let library = try randomLibrary(experts: 5, seed: 9)
        let trainer = try trainer(library, NearPoints(library), systemPlan(.multiTask))
        let trained = try trainer.train { _ in }
        #expect(!trained.dependsOnTask)
        let made = library.experts.map { trained.adapter(for: TaskCondition(embedding: $0.embedding)) }
        #expect(made.allSatisfy { $0 == trained.control })
        #expect(try trainer.control(of: trained) == library.mean())
    }

    @Test(arguments: TensorForm.allCases)
    func `metalora's seeds differ from task to task, and its control has their mean`(_ form: TensorForm)
        throws
    {
        let library = try randomLibrary(experts: 7, seed: 9, rank: 4)
        let objective = NearPoints(library)
        var plan = systemPlan(.metaLoRA, steps: 80)
        plan.taskTraining?.tensor = form
        let trainer = try trainer(library, objective, plan)
        let trained = try trainer.train { _ in }
        #expect(trained.dependsOnTask && trained.record.plan.taskTraining?.tensor == form)
        let conditions = library.experts.map { TaskCondition(embedding: $0.embedding) }
        let made = conditions.map { trained.adapter(for: $0) }
        #expect(Set(made.map(\.description)).count == 7)
        // The fold is linear in the seeds, so that static seeds make the mean of the adapters.
        let mean = trained.control.indices.map { place -> Float in
            made.reduce(Float(0)) { $0 + $1[place] } / 7
        }
        #expect(farthest(mean, trained.control) < 1e-5)
        #expect(try trainer.control(of: trained) == trained.control)
        let half = trained.adapter(for: conditions[0], relevance: 0.5)
        let between = zip(made[0], trained.control).map { pair in (pair.0 + pair.1) / 2 }
        #expect(farthest(half, between) < 1e-6)
        #expect(trained.adapter(for: conditions[0], relevance: 0) == trained.control)
    }

    @Test func `a ring needs a square rank, and a tensor belongs to metalora`() throws {
        let library = try randomLibrary()
        var plan = systemPlan(.metaLoRA)
        plan.taskTraining?.tensor = .ring
        let ring = refusal(.invalidRequest) { _ = try trainer(library, NearPoints(library), plan) }
        #expect(ring?.message.contains("take cp") == true)
        var other = systemPlan(.multiTask)
        other.taskTraining?.tensor = .cp
        #expect(refusal(.invalidRequest) { try other.validate() }?.parameters["field"] == .string("tensor"))
    }

    @Test func `a training without tasks, or with too few experts, is refused with what to do`() throws {
        let library = try randomLibrary(experts: 3)
        let objective = NearPoints(library)
        let none = refusal(.trainingFailed) {
            _ = try trainer(library, objective.restricted(to: ["other"]), systemPlan(.multiTask))
        }
        #expect(none?.message.contains("none of the 3 experts has a task") == true)
        let one = library.excluding(["expert-0", "expert-1"])
        let few = refusal(.trainingFailed) {
            _ = try trainer(one, objective, systemPlan(.multiTask))
        }
        #expect(few?.message.contains("expert import") == true)
        for count in [0, 17, -1] {
            let error = refusal(.invalidRequest) {
                _ = try trainer(library, objective, systemPlan(.multiTask, tasksPerStep: count))
            }
            #expect(error?.parameters["field"] == .string("tasksPerStep"))
        }
    }
}

public import ErrorModel

/// How a system is trained by the loss on the experts' tasks, beside what ``TrainingPlan`` says for every system.
public struct TaskTrainingPlan: Sendable, Hashable, Codable {
    /// The number of steps by default.
    public static let standardSteps = 120

    /// The system.
    public var system: GeneratorSystem
    /// How many tasks one step sees, 1 to 16.
    public var tasksPerStep = 3
    /// How `metalora` contracts its tensors; nil for other systems.
    public var tensor: TensorForm?

    /// Creates the default plan of a system.
    public init(system: GeneratorSystem) {
        self.system = system
        if system == .metaLoRA { tensor = .cp }
    }

    /// Checks that every value is in range.
    ///
    /// - Throws: `invalidRequest` naming the field that is out of range.
    public func validate() throws(SgloradError) {
        guard system.isTaskTrained else {
            throw .invalidRequest(
                field: "system", reason: "is \(system.rawValue), which is not trained by the tasks' loss")
        }
        guard (tensor != nil) == (system == .metaLoRA) else {
            throw .invalidRequest(
                field: "tensor", reason: "belongs to the system metalora alone, and must be cp or ring there")
        }
        guard (1...16).contains(tasksPerStep) else {
            throw .invalidRequest(
                field: "tasksPerStep", reason: "is \(tasksPerStep); it must be 1 to 16")
        }
    }
}

extension TrainingPlan {
    /// The default plan of a system.
    public init(system: GeneratorSystem) {
        self.init()
        if system == .icmLoRA { prepareForExamples() }
        guard system.isTaskTrained else { return }
        steps = TaskTrainingPlan.standardSteps
        taskTraining = TaskTrainingPlan(system: system)
    }

    /// What is trained.
    public var system: GeneratorSystem { taskTraining?.system ?? (icm == nil ? .sgLoRA : .icmLoRA) }
}

internal import ArgumentParser
internal import SgloradInterface

struct GeneratorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generator",
        abstract: "Train, evaluate and manage generators, the models that create adapters.",
        subcommands: [
            GeneratorTrainCommand.self, GeneratorCancelCommand.self, GeneratorListCommand.self,
            GeneratorShowCommand.self, GeneratorEvaluateCommand.self, GeneratorExportCommand.self,
            GeneratorImportCommand.self, GeneratorRemoveCommand.self,
        ])
}

extension Report {
    /// All fields of a generator.
    mutating func generator(_ generator: Wire.Generator) {
        let hasNetwork = generator.directions > 0
        fields([
            ("generator", generator.generatorId),
            ("system", generator.system),
            ("base", generator.base),
            ("state", generator.state + (generator.reason.map { ": \($0)" } ?? "")),
            ("created", generator.createdAt),
            ("size", Format.bytes(generator.bytes)),
            ("seed", String(generator.seed)),
            ("training", "\(generator.steps) steps in \(Format.duration(generator.seconds))"),
            (
                "network",
                hasNetwork
                    ? "\(generator.directions) directions, latent \(generator.latent), width \(generator.width)"
                    : nil
            ),
            ("guidance", Self.guidance(generator.topK, generator.temperature, generator.proximity)),
            (
                "explained",
                hasNetwork
                    ? "\(Format.percent(generator.explained)) of the checkpoints' variance" : nil
            ),
            (
                "loss",
                Format.significant(generator.loss)
                    + (hasNetwork
                        ? " (reconstruction \(Format.significant(generator.reconstruction)), "
                            + "divergence \(Format.significant(generator.divergence)))"
                        : " on the tasks")
            ),
            (
                "learned from",
                generator.learning.map {
                    "\(Format.count($0.tasks, "task")), \($0.tasksPerStep > 0 ? "\($0.tasksPerStep)" : "all") a step, "
                        + "digest \($0.digest)"
                }
            ),
            ("tensor", generator.learning?.tensor),
            (
                "correction",
                hasNetwork
                    ? "\(Format.percent(generator.correctionShare)) of the network's correction is applied"
                    : nil
            ),
            ("steering", generator.learning == nil ? Self.steering(generator.steering) : nil),
            ("threshold", "\(Format.fixed(generator.threshold)) (plain cosine)"),
            (
                "verdict",
                generator.verdict.map { Self.sentence($0, of: generator.system) }
                    ?? "none (too few experts, or no tasks to judge on)"
            ),
            ("library", generator.library),
            ("text encoder", generator.encoder),
            ("experts", "\(generator.experts.count): \(generator.experts.joined(separator: ", "))"),
            ("note", generator.note),
        ])
    }

    private static func steering(_ steering: Wire.GeneratorSteering?) -> String {
        steering.map {
            "\(Format.count($0.modes, "task type")) learned from \(Format.count($0.tasks, "task")), "
                + "loss \(Format.significant($0.loss))"
        } ?? "none (trained without tasks)"
    }

    private static func sentence(_ verdict: Wire.GeneratorVerdict, of system: String) -> String {
        let measures = ["recall": "recall@1 on ", "engine": "right answers of llama-server on "]
        let figures =
            "\(system) \(Format.fixed(verdict.own))"
            + (verdict.control.map { ", its control \(Format.fixed($0))" } ?? "")
            + ", weighted \(Format.fixed(verdict.weighted))"
            + (verdict.base.map { ", base \(Format.fixed($0))" } ?? "")
        return (measures[verdict.judgedBy] ?? "squared parameter error on ")
            + "\(Format.count(verdict.tasks, "held-out expert")): \(figures)"
    }
}

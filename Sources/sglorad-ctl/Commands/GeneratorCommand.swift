import ArgumentParser
import ControlProtocol

/// `generator`: what makes adapters from the library.
struct GeneratorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generator", abstract: "The generators that make adapters from the library.",
        subcommands: [
            GeneratorTrainCommand.self, GeneratorCancelCommand.self, GeneratorListCommand.self,
            GeneratorShowCommand.self, GeneratorEvaluateCommand.self, GeneratorExportCommand.self,
            GeneratorImportCommand.self, GeneratorRemoveCommand.self,
        ])
}

extension Report {
    /// One generator, whole.
    mutating func generator(_ generator: Wire.Generator) {
        fields([
            ("generator", generator.generatorId),
            ("base", generator.base),
            ("state", generator.state + (generator.reason.map { ": \($0)" } ?? "")),
            ("made", generator.createdAt),
            ("size", Format.bytes(generator.bytes)),
            ("seed", String(generator.seed)),
            ("training", "\(generator.steps) steps in \(Format.duration(generator.seconds))"),
            (
                "network",
                "\(generator.directions) directions, latent \(generator.latent), width \(generator.width)"
            ),
            (
                "guidance",
                "top \(generator.topK), temperature \(Format.significant(generator.temperature)), "
                    + "\(generator.proximity) proximity"
            ),
            ("explained", "\(Format.percent(generator.explained)) of the checkpoints' variance"),
            (
                "loss",
                "\(Format.significant(generator.loss)) (reconstruction \(Format.significant(generator.reconstruction)), "
                    + "divergence \(Format.significant(generator.divergence)))"
            ),
            ("correction", "\(Format.percent(generator.correctionShare)) of what the network says"),
            (
                "steering",
                generator.steering.map {
                    "\(Format.count($0.modes, "kind")) of task, learned on \(Format.count($0.tasks, "task")), "
                        + "loss \(Format.significant($0.loss))"
                } ?? "none; it was trained without tasks"
            ),
            ("threshold", "\(Format.fixed(generator.threshold)) plain cosine"),
            (
                "verdict",
                generator.verdict.map(Self.sentence) ?? "none; the library is too small to leave experts out"
            ),
            ("library", generator.library),
            ("text encoder", generator.encoder),
            ("experts", "\(generator.experts.count): \(generator.experts.joined(separator: ", "))"),
            ("note", generator.note),
        ])
    }

    private static func sentence(_ verdict: Wire.GeneratorVerdict) -> String {
        let isRecall = verdict.judgedBy == "recall"
        let figures =
            "sg-lora \(Format.fixed(verdict.sgLora)), weighted \(Format.fixed(verdict.weighted))"
            + (verdict.base.map { ", base \(Format.fixed($0))" } ?? "")
        return (isRecall ? "recall@1 on " : "squared error of the parameters of ")
            + "\(Format.count(verdict.tasks, "left-out expert")): \(figures)"
    }
}

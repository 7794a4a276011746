import ArgumentParser
import ControlProtocol

/// `generator`: what makes adapters from the library.
struct GeneratorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generator", abstract: "The generators that make adapters from the library.",
        subcommands: [
            GeneratorTrainCommand.self, GeneratorCancelCommand.self, GeneratorListCommand.self,
            GeneratorShowCommand.self, GeneratorEvaluateCommand.self, GeneratorExportCommand.self,
            GeneratorImportCommand.self,
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
            ("library", generator.library),
            ("text encoder", generator.encoder),
            ("experts", "\(generator.experts.count): \(generator.experts.joined(separator: ", "))"),
        ])
    }
}

import ArgumentParser
import ControlProtocol

/// `expert show`: one expert.
struct ExpertShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one expert, its checkpoints, and the generators trained on it.")

    @Argument(help: ArgumentHelp("The expert's name.", valueName: "name"))
    var name: String

    @OptionGroup var base: BaseOption
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.GetExpert.self, .init(name: name, base: base.base))
            try output.emit(reply) { report in
                let expert = reply.expert
                report.fields([
                    ("expert", expert.name),
                    ("base", expert.base),
                    ("description", expert.description),
                    ("digest", expert.digest),
                    ("size", Format.bytes(expert.bytes)),
                    ("imported", expert.importedAt),
                    (
                        "checkpoints",
                        "\(expert.checkpoints): \(reply.checkpointNames.joined(separator: ", "))"
                    ),
                    ("norm of its mean", Format.significant(reply.meanNorm)),
                    ("mean deviation", Format.significant(reply.deviation)),
                    ("distance", "\(Format.fixed(reply.alignment)) from the library's gauge reference"),
                    (
                        "generators",
                        reply.generators.isEmpty ? "none" : reply.generators.joined(separator: ", ")
                    ),
                ])
                if expert.descriptionTruncated == true {
                    report.warning("its description is longer than the text encoder reads, and was cut.")
                }
                if expert.foreign == true { report.foreign(expert) }
            }
        }
    }
}

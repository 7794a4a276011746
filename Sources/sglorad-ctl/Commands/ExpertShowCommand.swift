internal import ArgumentParser
internal import SgloradInterface

struct ExpertShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an expert, its checkpoints, and the generators trained on it.")

    @OptionGroup var expert: ExpertArgument
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.GetExpert.self, .init(name: expert.name, base: expert.base)
        ) { report, reply in
            let expert = reply.expert
            report.fields([
                ("expert", expert.name),
                ("base", expert.base),
                ("description", expert.description),
                ("digest", expert.digest),
                ("size", Format.bytes(expert.bytes)),
                ("imported", expert.importedAt),
                ("checkpoints", "\(expert.checkpoints): \(reply.checkpointNames.joined(separator: ", "))"),
                ("norm of the mean", Format.significant(reply.meanNorm)),
                ("mean deviation", Format.significant(reply.deviation)),
                ("distance", "\(Format.fixed(reply.alignment)) from the library's gauge reference"),
                (
                    "generators",
                    reply.generators.isEmpty ? "none" : reply.generators.joined(separator: ", ")
                ),
            ])
            if expert.descriptionTruncated == true {
                report.warning(
                    "the description exceeds the text encoder's maximum length and was truncated.")
            }
            if expert.foreign == true { report.foreign(expert) }
        }
    }
}

internal import ArgumentParser
internal import SgloradInterface

struct ExpertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expert", abstract: "Manage the library of experts: adapters trained on known tasks.",
        subcommands: [
            ExpertImportCommand.self, ExpertListCommand.self, ExpertShowCommand.self,
            ExpertRemoveCommand.self,
        ])
}

extension Report {
    /// Warns that an expert was trained from another initialisation than the library.
    mutating func foreign(_ expert: Wire.Expert) {
        warning(
            "\(expert.name) comes from another initialisation than the library: it is merged through its exact weight "
                + "update, and generators are not trained on it.")
    }

    /// A table of experts.
    mutating func experts(_ experts: [Wire.Expert]) {
        var table = Table([
            .left("EXPERT"), .left("BASE"), .right("CHECKPOINTS"), .right("SIZE"), .left("IMPORTED"),
            .left("DESCRIPTION"),
        ])
        for expert in experts {
            table.add([
                expert.name, expert.base, String(expert.checkpoints), Format.bytes(expert.bytes),
                expert.importedAt, expert.description,
            ])
        }
        self.table(
            table, orIfEmpty: "The library has no experts. Import some: sglorad-ctl expert import DIR.")
        for expert in experts where expert.descriptionTruncated == true {
            warning(
                "the description of \(expert.name) exceeds the text encoder's maximum length and was truncated."
            )
        }
        for expert in experts where expert.foreign == true { foreign(expert) }
    }
}

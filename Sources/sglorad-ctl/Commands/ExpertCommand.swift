import ArgumentParser
import ControlProtocol

/// `expert`: the library.
struct ExpertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expert", abstract: "The library: trained adapters of known tasks.",
        subcommands: [
            ExpertImportCommand.self, ExpertListCommand.self, ExpertShowCommand.self,
            ExpertRemoveCommand.self,
        ])
}

extension Report {
    /// Says that an expert shares no gauge with its library.
    mutating func foreign(_ expert: Wire.Expert) {
        warning(
            "\(expert.name) comes from another initialisation than the library: it is merged by what it does to the "
                + "weights, and no generator is trained on it.")
    }

    /// Experts, one a row.
    mutating func experts(_ experts: [Wire.Expert]) {
        var table = Table([
            .left("EXPERT"), .left("BASE"), .right("CHECKPOINTS"), .right("SIZE"), .left("IMPORTED"),
            .left("DESCRIPTION"),
        ])
        for expert in experts {
            table.add([
                expert.name, expert.base, String(expert.checkpoints), Format.bytes(expert.bytes),
                expert.importedAt,
                expert.description,
            ])
        }
        self.table(
            table, orIfEmpty: "The library has no experts. Import some: sglorad-ctl expert import DIR.")
        for expert in experts where expert.descriptionTruncated == true {
            warning("the description of \(expert.name) is longer than the text encoder reads, and was cut.")
        }
        for expert in experts where expert.foreign == true { foreign(expert) }
    }
}

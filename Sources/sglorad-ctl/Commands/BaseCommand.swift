import ArgumentParser
import ControlProtocol

/// `base`: the models that adapters are for.
struct BaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "base", abstract: "The base models that adapters are for.",
        subcommands: [BaseAddCommand.self, BaseListCommand.self])
}

extension Report {
    /// Base models, one a row.
    mutating func bases(_ bases: [Wire.Base]) {
        var table = Table([
            .left("BASE"), .right("SITES"), .right("RANK"), .right("SCALE"), .right("PARAMETERS"),
            .right("EXPERTS"), .left("ENCODES"), .left("ADDED"),
        ])
        for base in bases {
            table.add([
                base.name, String(base.sites.count), String(base.rank), Format.significant(base.scale),
                String(base.parameterCount), String(base.experts), Format.yesNo(base.encodes), base.createdAt,
            ])
        }
        self.table(table, orIfEmpty: "There is no base model yet. The first import of an expert makes one.")
    }
}

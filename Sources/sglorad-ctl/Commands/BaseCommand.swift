internal import ArgumentParser
internal import SgloradInterface

struct BaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "base",
        abstract: "List, register, rename and remove the base models that adapters apply to.",
        subcommands: [
            BaseAddCommand.self, BaseListCommand.self, BaseRenameCommand.self, BaseRemoveCommand.self,
        ])
}

extension Report {
    /// A table of base models.
    mutating func bases(_ bases: [Wire.Base]) {
        var table = Table([
            .left("BASE"), .right("SITES"), .right("RANK"), .right("SCALE"), .right("PARAMETERS"),
            .right("EXPERTS"), .left("ENCODES"), .left("GGUF"), .left("PROMPT"), .left("ADDED"),
        ])
        for base in bases {
            table.add([
                base.name, String(base.sites.count), String(base.rank), Format.significant(base.scale),
                String(base.parameterCount), String(base.experts), Format.yesNo(base.encodes),
                base.modelFile.map { "\($0.architecture) \($0.digest.prefix(12))" } ?? "-",
                Format.yesNo(base.prompt != nil), base.createdAt,
            ])
        }
        self.table(
            table, orIfEmpty: "There are no base models. The first import of an expert registers one.")
    }
}

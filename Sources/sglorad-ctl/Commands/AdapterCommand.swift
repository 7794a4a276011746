import ArgumentParser

/// `adapter`: what was made.
struct AdapterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapter", abstract: "The adapters that were made and published.",
        subcommands: [
            AdapterListCommand.self, AdapterShowCommand.self, AdapterExportCommand.self,
            AdapterPinCommand.self, AdapterRemoveCommand.self,
        ])
}

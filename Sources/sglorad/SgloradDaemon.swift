import ArgumentParser
import ErrorModel
import Foundation
import SgloradCore

/// The daemon's program.
@main
struct SgloradDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sglorad",
        abstract: "Adapts AI models on the device: answers intents in plain words with LoRA adapters.",
        subcommands: [Serve.self, Train.self, Evaluate.self], defaultSubcommand: Serve.self)
}

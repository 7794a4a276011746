import ArgumentParser
import ControlProtocol

/// `adapter export`: an adapter's files in a folder of the caller's.
struct AdapterExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write an adapter's files to a new folder.",
        discussion: """
            The files are read through the daemon and written with your own rights. The folder appears whole or not at \
            all; names, count and sizes of the files are checked, their digests are not ('adapter show' prints them, for \
            sha256sum). With --json, the adapter is printed.

              sglorad-ctl adapter export ID -o birds
            """)

    @Argument(help: ArgumentHelp("The adapter's id.", valueName: "id"))
    var adapter: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The folder to make; it does not exist, or is empty.", valueName: "dir"),
        completion: .directory)
    var output: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { console in
            let destination = try ExportDestination(folder: output)
            try await connection.withClient { client in
                let reply = try await client.call(Methods.GetAdapter.self, .init(adapterId: adapter))
                try await AdapterExport.export(reply.adapter, to: destination, client)
                try console.emit(reply) { $0.line(AdapterExport.sentence(reply.adapter, destination)) }
            }
        }
    }
}

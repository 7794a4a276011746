internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct AdapterExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Download an adapter's files into a new folder.",
        discussion: """
            Downloads the files through the daemon and writes them with your own permissions. The folder appears complete \
            or not at all: the size and SHA-256 digest of every file are checked against the adapter's record, and on a \
            mismatch nothing is written. With --json, prints the adapter.

              sglorad-ctl adapter export ID -o birds

            With --format, downloads only the files of these formats, in which the adapter must have been requested; gguf and \
            gguf-f16 both mean its GGUF file.
            """)

    @OptionGroup var adapter: AdapterArgument

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The folder to create; it must not exist, or be empty.", valueName: "dir"),
        completion: .directory)
    var output: String

    @Option(
        help: ArgumentHelp(
            "Only the files of these formats, separated by commas: peft, gguf, gguf-f16.",
            valueName: "formats"))
    var format: AdapterFormatList?

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { console in
            let destination = try ExportDestination(folder: output)
            try await connection.withClient { client in
                let reply = try await client.call(Methods.GetAdapter.self, .init(adapterId: adapter.id))
                let names = try format.map { try AdapterExport.files(in: $0, of: reply.adapter) }
                try await AdapterExport.export(reply.adapter, only: names, to: destination, client)
                let count = names?.count ?? reply.adapter.files.count
                try console.emit(reply) { $0.line(AdapterExport.sentence(count, destination)) }
            }
        }
    }
}

internal import ArgumentParser
internal import SgloradInterface

struct AdapterPublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Offer an adapter to the box's model servers under a name.",
        discussion: """
            The name is the model's name in requests to llama-server or vLLM. It is the adapter's label, or what --name says: \
            1 to 64 of a to z, 0 to 9, '.', '_' and '-'. Unless the adapter belongs to the user whom the configuration names \
            (publish.owner), your user ID and '-' are put before it. Another adapter of yours that has the name loses it.

              sglorad-ctl adapter publish a-0b3f…
              sglorad-ctl adapter publish a-0b3f… --name travel

            llama-server needs an adapter made with '--format gguf', vLLM one with '--format peft'. While it is published, an \
            adapter is never evicted and keeps its label, and the members of publish.group can see its name.
            """)

    @OptionGroup var adapter: AdapterArgument

    @Option(help: ArgumentHelp("The name (default: the adapter's label).", valueName: "name"))
    var name: String?

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.PublishAdapter.self, .init(adapterId: adapter.id, name: name)
        ) { report, reply in
            report.line(
                "Published the adapter \(reply.adapter.adapterId) as \(reply.name) "
                    + "(\(reply.servers.joined(separator: ", "))).")
            if let replaced = reply.replaced {
                report.line("It replaces \(replaced), which is no longer published.")
            }
            for note in reply.notes ?? [] { report.warning(note) }
        }
    }
}

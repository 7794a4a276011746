internal import ArgumentParser
internal import SgloradInterface

struct AdapterPinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Protect an adapter from eviction.",
        discussion:
            "A pinned adapter still counts towards cache.maximumBytes. One user may pin cache.pinnedBytesPerUser."
    )

    @OptionGroup var adapter: AdapterArgument

    @Flag(help: "Unpin the adapter.")
    var off = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.PinAdapter.self, .init(adapterId: adapter.id, pinned: !off)
        ) { report, reply in
            report.line(
                off
                    ? "Unpinned the adapter \(reply.adapter.adapterId); it may be evicted again."
                    : "Pinned the adapter \(reply.adapter.adapterId); it stays until it is removed.")
        }
    }
}

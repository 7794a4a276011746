internal import ArgumentParser
internal import ErrorModel
internal import Files
internal import Glibc
internal import SgloradInterface

struct SpoolSubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Put an intent from standard input into the spool.",
        discussion: """
            Reads one intent as JSON from standard input, which keeps it out of the process list, checks its form, puts it \
            into the spool folder, and prints the path at which the result will appear. The daemon need not be running. The \
            file is durable when the command ends.

              printf '{"text": "route requests about travel bookings"}' | sglorad-ctl spool submit --name travel

            Other users cannot read, replace or divert the file: it is created under a name that they cannot guess, and \
            nothing that they put into the folder is opened.

            With --wait, waits for the result, and exits as 'sglorad-ctl request' does.
            """)

    @Option(
        help: ArgumentHelp(
            "The result's name without .json, 1 to 100 letters, digits, - and _; the same intent under the same name is one "
                + "request (default: a random name).", valueName: "name"))
    var name: String?

    @Flag(help: "Wait for the result and print it.")
    var wait = false

    @Option(
        help: ArgumentHelp(
            "The spool folder (default: $SGLORAD_SPOOL, else \(SpoolOptions.defaultDirectory)).",
            valueName: "dir"))
    var spoolDirectory: String?

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { console in
            let file = try SpooledFile(
                content: try Self.intent(STDIN_FILENO), in: SpoolOptions.folder(spoolDirectory), key: name,
                keyIs: "name")
            guard wait else {
                return try console.emit(SpooledReceipt(name: file.name, result: file.result)) {
                    $0.line(file.result)
                }
            }
            let result = try await file.wait()
            guard let adapter = result.adapter else { throw RequestCommand.failure(result) }
            try console.emit(result) { $0.adapter(adapter, exportedTo: nil) }
        }
    }

    /// The longest file that the daemon reads, in bytes.
    private static let maximumBytes = 64 << 10

    /// Reads an intent and checks its form as the daemon will.
    static func intent(_ descriptor: Int32) throws(SgloradError) -> [UInt8] {
        let bytes = try FileBytes.read(maximumBytes + 1, from: descriptor, path: "standard input")
        guard bytes.count <= maximumBytes else {
            throw .invalidIntent(field: "file", reason: "is longer than \(maximumBytes) bytes")
        }
        _ = try SpoolIntent.read(bytes)
        return bytes
    }
}

import ArgumentParser

/// How a command reaches the spool instead of the daemon's socket.
struct SpoolOptions: ParsableArguments {
    /// Where the spool is unless something else is said.
    static let defaultDirectory = "/var/spool/sglorad"

    @Flag(help: "Ask by a file in the spool: no daemon needs to run at the moment.")
    var spool = false

    @Option(
        help: ArgumentHelp(
            "The spool's folder, which implies --spool (default: $SGLORAD_SPOOL, else \(defaultDirectory)).",
            valueName: "dir"))
    var spoolDirectory: String?

    /// The spool's folder; nil where the socket is to be used.
    var directory: String? {
        if let spoolDirectory { return spoolDirectory }
        guard spool else { return nil }
        let fromEnvironment = Environment["SGLORAD_SPOOL"] ?? ""
        return fromEnvironment.isEmpty ? Self.defaultDirectory : fromEnvironment
    }
}

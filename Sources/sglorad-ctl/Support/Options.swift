internal import ArgumentParser

/// The base model of a command that works on one library.
struct BaseOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The base model; optional if the daemon knows only one.", valueName: "name"))
    var base: String?
}

/// The base model that a list is restricted to.
struct BaseFilter: ParsableArguments {
    @Option(help: ArgumentHelp("Only entries for this base model.", valueName: "name"))
    var base: String?
}

/// The filters of the lists of adapters and requests.
struct ListOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only entries with this label.", valueName: "label"))
    var label: String?

    @Option(help: ArgumentHelp("The maximum number of entries, 1 to 1000 (default: 100).", valueName: "n"))
    var limit: Int?
}

/// The adapter that a command works on.
struct AdapterArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The adapter's id.", valueName: "id"))
    var id: String
}

/// The expert that a command works on, in the library of a base model.
struct ExpertArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The expert's name.", valueName: "name"))
    var name: String

    @OptionGroup private var library: BaseOption

    var base: String? { library.base }
}

/// The generator that a command works on.
struct GeneratorArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The generator's id.", valueName: "id"))
    var id: String
}

/// The request that a command works on.
struct RequestArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The request's id.", valueName: "id"))
    var id: String
}

/// How experts are selected and weighted; the daemon chooses what is omitted.
struct GuidanceOptions: ParsableArguments {
    /// The cosine that measures the similarity of intent and expert.
    enum Proximity: String, ExpressibleByArgument, CaseIterable, Sendable {
        case plain
        case centred
    }

    @Option(help: ArgumentHelp("The number of nearest experts to use, 1 to 1024.", valueName: "k"))
    var topK: Int?

    @Option(
        help: ArgumentHelp(
            "The softmax temperature, above 0; lower values favour the nearest expert.", valueName: "t"))
    var temperature: Double?

    @Option(
        help: ArgumentHelp(
            "Cosine similarity of the embeddings: plain, or centred on the library's mean embedding.",
            valueName: "proximity"))
    var proximity: Proximity?

    func validate() throws {
        // JSON cannot represent a number that is not finite; the daemon validates all other values.
        if let temperature, !temperature.isFinite {
            throw ValidationError("The value of '--temperature' must be a finite number above 0.")
        }
    }
}

/// Whether a request goes through the spool folder instead of the socket, and where that folder is.
struct SpoolOptions: ParsableArguments {
    /// The spool folder if neither option nor environment names one.
    static let defaultDirectory = "/var/spool/sglorad"

    @Flag(help: "Submit through a file in the spool folder; the daemon need not be running.")
    var spool = false

    @Option(
        help: ArgumentHelp(
            "The spool folder, implies --spool (default: $SGLORAD_SPOOL, else \(defaultDirectory)).",
            valueName: "dir"))
    var spoolDirectory: String?

    /// The spool folder; nil if the request goes through the socket.
    var directory: String? { spool || spoolDirectory != nil ? Self.folder(spoolDirectory) : nil }

    /// The spool folder that an option names, else the environment, else the default one.
    static func folder(_ named: String?) -> String {
        if let named { return named }
        let fromEnvironment = Environment["SGLORAD_SPOOL"] ?? ""
        return fromEnvironment.isEmpty ? defaultDirectory : fromEnvironment
    }
}

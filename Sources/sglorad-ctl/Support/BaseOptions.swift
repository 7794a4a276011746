import ArgumentParser

/// The base model, where a command needs one.
struct BaseOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The base model; may be left out where the daemon knows only one.", valueName: "name"))
    var base: String?
}

/// The base model that a list is narrowed to.
struct BaseFilter: ParsableArguments {
    @Option(help: ArgumentHelp("Only those of this base model.", valueName: "name"))
    var base: String?
}

import ArgumentParser

/// How experts are chosen and weighed; what is left out is the daemon's to choose.
struct GuidanceOptions: ParsableArguments {
    /// Which cosine measures how near an expert is.
    enum Proximity: String, ExpressibleByArgument, CaseIterable, Sendable {
        case plain
        case centred
    }

    @Option(help: ArgumentHelp("How many of the nearest experts guide, 1 to 1024.", valueName: "k"))
    var topK: Int?

    @Option(
        help: ArgumentHelp(
            "The softmax's temperature, above 0: the lower, the more the nearest expert weighs.",
            valueName: "t"))
    var temperature: Double?

    @Option(
        help: ArgumentHelp(
            "The cosine of the embeddings as they are, or with the library's mean embedding taken away.",
            valueName: "proximity"))
    var proximity: Proximity?

    func validate() throws {
        // JSON has no word for a number that is not finite; every other value is the daemon's to judge.
        if let temperature, !temperature.isFinite {
            throw ValidationError("The value of '--temperature' must be a finite number above 0.")
        }
    }
}

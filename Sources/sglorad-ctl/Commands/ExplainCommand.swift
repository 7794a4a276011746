internal import ArgumentParser
internal import ErrorModel
internal import Privacy
internal import SgloradInterface
internal import Varlink

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show the experts nearest to an intent, without creating an adapter.",
        discussion: """
            Prints the nearest experts with their proximity and weight, whether a request would be refused, the strategy it \
            would use, and a summary of the semantic prior.

            With --examples, the experts are those that guide a request with these examples, whose texts count beside the \
            intent. The daemon keeps neither.

              sglorad-ctl explain "route requests about travel bookings" --top-k 4
              sglorad-ctl explain "route requests about travel bookings" --examples examples.jsonl
            """)

    @Argument(
        help: ArgumentHelp(
            "The intent in plain language, at most 32768 bytes; - reads it from standard input.",
            valueName: "text"))
    var text: String

    @OptionGroup var unquoted: UnquotedWords

    @OptionGroup var base: BaseOption
    @OptionGroup var guidance: GuidanceOptions

    @Option(
        help: ArgumentHelp(
            "A file with examples of the task, as for 'request'; - reads standard input.", valueName: "file"))
    var examples: String?

    @Flag(help: "Also show the prior of each adapted weight matrix.")
    var sites = false

    @OptionGroup var connection: Connection

    func validate() throws {
        if text == "-", examples == "-" {
            throw ValidationError("Only one of the intent and '--examples' can read standard input.")
        }
    }

    func run() async throws {
        try await connection.run { output in
            let examples = try examples.map { path throws(SgloradError) in
                try ExampleOptions.read(examples: path)
            }
            let text = PrivateText(try IntentText.resolve(text))
            try await connection.withClient { client in
                let reply = try await client.call(
                    Methods.Explain.self,
                    .init(
                        text: text, base: base.base, topK: guidance.topK, temperature: guidance.temperature,
                        proximity: guidance.proximity?.rawValue, examples: examples))
                try output.emit(reply) { $0.explanation(reply, sites: sites) }
            }
        }
    }
}

extension Report {
    fileprivate mutating func explanation(_ reply: Methods.Explain.Reply, sites: Bool) {
        var neighbours = Table([
            .left("EXPERT"), .right("PROXIMITY"), .right("CENTRED"), .right("WEIGHT"), .left("DESCRIPTION"),
        ])
        for neighbour in reply.neighbours {
            neighbours.add([
                neighbour.expert, Format.fixed(neighbour.proximity), Format.fixed(neighbour.centred),
                neighbour.weight.map { Format.fixed($0) } ?? "-", neighbour.description,
            ])
        }
        table(neighbours, orIfEmpty: "The library has no experts.")
        space()
        let prior = reply.prior
        fields([
            ("base", reply.base),
            ("strategy", reply.strategy),
            ("guidance", Self.guidance(reply.topK, reply.temperature, reply.proximity)),
            ("nearest", Self.nearest(reply.nearestProximity, threshold: reply.threshold)),
            ("outcome", reply.wouldRefuse ? "refused: no expert is similar enough" : "accepted"),
            (
                "prior",
                "norm of the mean \(Format.significant(prior.meanNorm)), variance \(Format.significant(prior.variance)) "
                    + "(\(Format.significant(prior.within)) within experts, "
                    + "\(Format.significant(prior.between)) between)"
            ),
        ])
        if sites {
            space()
            var table = Table([
                .left("SITE"), .right("MEAN A"), .right("MEAN B"), .right("DEVIATION A"),
                .right("DEVIATION B"),
            ])
            for site in prior.sites {
                table.add([
                    site.site, Format.significant(site.meanA), Format.significant(site.meanB),
                    Format.significant(site.deviationA), Format.significant(site.deviationB),
                ])
            }
            self.table(table, orIfEmpty: "The prior has no sites.")
        }
        if reply.wouldRefuse {
            warning(
                "a request would be refused. "
                    + (reply.refusal ?? "Import an expert of a similar task, or request with --force."))
        }
        if reply.truncated == true, !reply.wouldRefuse { truncated() }
    }
}

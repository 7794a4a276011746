import ArgumentParser
import ControlProtocol
import Privacy

/// `explain`: what guidance sees in an intent.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show which experts an intent is near to, without making an adapter.",
        discussion: """
            Prints the nearest experts with their proximity and weight, whether the intent would be refused, which \
            strategy would be taken, and the semantic prior in short.

              sglorad-ctl explain "route requests about travel bookings" --top-k 4
            """)

    @Argument(
        help: ArgumentHelp(
            "What is wanted, in plain words, at most 32768 bytes; - reads it from standard input.",
            valueName: "text"))
    var text: String

    @OptionGroup var base: BaseOption
    @OptionGroup var guidance: GuidanceOptions

    @Flag(help: "Also show the prior at each site.")
    var sites = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { output in
            let text = PrivateText(try IntentText.resolve(text))
            try await connection.withClient { client in
                let reply = try await client.call(
                    Methods.Explain.self,
                    .init(
                        text: text, base: base.base, topK: guidance.topK, temperature: guidance.temperature,
                        proximity: guidance.proximity?.rawValue))
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
            (
                "guidance",
                "top \(reply.topK), temperature \(Format.significant(reply.temperature)), \(reply.proximity) proximity"
            ),
            (
                "nearest",
                "\(Format.fixed(reply.nearestProximity)) (threshold \(Format.fixed(reply.threshold)))"
            ),
            ("would be", reply.wouldRefuse ? "refused: no expert is near enough" : "made"),
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
            warning("a request would be refused. Import an expert of such a task, or say --force.")
        }
        if reply.truncated == true { truncated() }
    }
}

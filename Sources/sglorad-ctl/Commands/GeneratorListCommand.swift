internal import ArgumentParser
internal import SgloradInterface

struct GeneratorListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the generators, newest first.",
        discussion: """
            A generator is 'current'; 'stale', if experts were added since its training (it still works, with the experts \
            it knows); or 'disabled', if one of its experts was removed, or the text encoder or the library's rank changed. The \
            newest of each system that is not disabled is in use, for the strategy of its name.
            """)

    @OptionGroup var base: BaseFilter
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.ListGenerators.self, .init(base: base.base)) { report, reply in
            var table = Table([
                .left("GENERATOR"), .left("SYSTEM"), .left("BASE"), .left("STATE"), .right("EXPERTS"),
                .right("STEPS"),
                .right("LOSS"), .right("EXPLAINED"), .right("SIZE"), .left("CREATED"),
            ])
            for generator in reply.generators {
                table.add([
                    generator.generatorId, generator.system, generator.base, generator.state,
                    String(generator.experts.count), String(generator.steps),
                    Format.significant(generator.loss),
                    generator.directions > 0 ? Format.percent(generator.explained) : "–",
                    Format.bytes(generator.bytes), generator.createdAt,
                ])
            }
            report.table(
                table, orIfEmpty: "There are no generators. Train one: sglorad-ctl generator train.")
            for generator in reply.generators {
                guard let reason = generator.reason else { continue }
                report.line("\(generator.generatorId) is \(generator.state): \(reason)")
            }
        }
    }
}

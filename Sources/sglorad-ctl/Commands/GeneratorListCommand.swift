import ArgumentParser
import ControlProtocol

/// `generator list`: the generators, newest first.
struct GeneratorListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the generators, newest first.",
        discussion: """
            A generator is current, stale (experts were added since it was trained; it guides with those it knows) or \
            disabled (an expert of it was removed, or the text encoder is another).
            """)

    @OptionGroup var base: BaseFilter
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.ListGenerators.self, .init(base: base.base))
            try output.emit(reply) { report in
                var table = Table([
                    .left("GENERATOR"), .left("BASE"), .left("STATE"), .right("EXPERTS"), .right("STEPS"),
                    .right("LOSS"), .right("EXPLAINED"), .right("SIZE"), .left("MADE"),
                ])
                for generator in reply.generators {
                    table.add([
                        generator.generatorId, generator.base, generator.state,
                        String(generator.experts.count),
                        String(generator.steps), Format.significant(generator.loss),
                        Format.percent(generator.explained), Format.bytes(generator.bytes),
                        generator.createdAt,
                    ])
                }
                report.table(
                    table, orIfEmpty: "There is no generator. Train one: sglorad-ctl generator train.")
                for generator in reply.generators {
                    guard let reason = generator.reason else { continue }
                    report.line("\(generator.generatorId) is \(generator.state): \(reason)")
                }
            }
        }
    }
}

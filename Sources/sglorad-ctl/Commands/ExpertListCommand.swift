internal import ArgumentParser
internal import SgloradInterface

struct ExpertListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the experts of the library.")

    @OptionGroup var base: BaseFilter
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.ListExperts.self, .init(base: base.base)) { report, reply in
            report.experts(reply.experts)
        }
    }
}

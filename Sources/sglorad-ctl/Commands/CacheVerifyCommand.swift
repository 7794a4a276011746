internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct CacheVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify all stored data against its digests and manifests.",
        discussion: """
            Checks the integrity of both databases, the digest of every file and the manifests, and looks for orphaned \
            files. The daemon runs the same check, with repair, every cache.verifyEvery. Exits with 1 if a problem was \
            found and not repaired.

              sglorad-ctl cache verify --repair
            """)

    @Flag(help: "Rebuild what can be rebuilt, and quarantine damaged files in damaged/.")
    var repair = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.VerifyCache.self, .init(repair: repair ? true : nil))
            try output.emit(reply) { report in
                report.line(
                    "Checked \(Format.count(reply.blobs, "blob")) and "
                        + "\(Format.count(reply.adapters, "adapter")), \(Format.bytes(reply.bytes)).")
                for problem in reply.problems {
                    report.space()
                    let done = problem.repaired == true ? "Repaired. " : ""
                    report.warning(
                        "\(problem.subject): \(problem.path) \(problem.finding). \(done)\(problem.remedy)")
                }
                if reply.problems.isEmpty { report.line("No problems found.") }
            }
            if reply.problems.contains(where: { $0.repaired != true }) {
                throw ExitCode(ExitStatus.failed.rawValue)
            }
        }
    }
}

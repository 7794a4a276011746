import ArgumentParser
import ControlProtocol

/// `cache verify`: everything is read and compared with what was stored.
struct CacheVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read everything the cache holds and compare it with what was stored.",
        discussion: """
            Checks both databases, the digest of every file, the manifests, and looks for what belongs to nothing. The daemon \
            does the same by itself every cache.verifyEvery, with --repair. Exits with 1 where something is wrong and was \
            not repaired.

              sglorad-ctl cache verify --repair
            """)

    @Flag(help: "Make again what can be made again, and move what is damaged to damaged/.")
    var repair = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.VerifyCache.self, .init(repair: repair ? true : nil))
            try output.emit(reply) { report in
                report.line(
                    "Looked at \(Format.count(reply.blobs, "blob")) and "
                        + "\(Format.count(reply.adapters, "adapter")), \(Format.bytes(reply.bytes)).")
                for problem in reply.problems {
                    report.space()
                    let done = problem.repaired == true ? "Repaired. " : ""
                    report.warning(
                        "\(problem.subject): \(problem.path) \(problem.finding). \(done)\(problem.remedy)")
                }
                if reply.problems.isEmpty { report.line("Everything is as it was stored.") }
            }
            if reply.problems.contains(where: { $0.repaired != true }) {
                throw ExitCode(ExitStatus.failed.rawValue)
            }
        }
    }
}

internal import ArgumentParser
internal import SgloradInterface

struct BaseListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the base models.",
        discussion: """
            SITES is the number of adapted weight matrices. ENCODES tells whether the base model is the daemon's text \
            encoder, as 'encode --adapter' and 'generator evaluate' require. GGUF is the \
            architecture of the base model's own GGUF file and the beginning of its SHA-256 digest, if 'base add --gguf' has \
            made it known, as 'request --format gguf' requires. PROMPT tells whether 'base add --prompt' has made the form \
            of its prompts known, which --json shows.
            """)

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.ListBases.self, .init()) { report, reply in
            report.bases(reply.bases)
        }
    }
}

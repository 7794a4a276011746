internal import ArgumentParser
internal import Privacy
internal import SgloradInterface
internal import Varlink

struct EncodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Embed texts with the daemon's text encoder, optionally with an adapter applied.",
        discussion: """
            Prints for each text its token count, its cosine similarity to the first text, and the first components of its \
            embedding; --json prints whole embeddings. With --adapter, the embeddings show the adapter's effect.

              sglorad-ctl encode "a small bird" "a large bird" --adapter ID
              sglorad-ctl encode --json < texts.txt
            """)

    @Argument(
        help: ArgumentHelp(
            "The texts, at most 1024; without any, or with -, one text per line of standard input.",
            valueName: "text"))
    var texts: [String] = []

    @Option(help: ArgumentHelp("The id of a published adapter to apply.", valueName: "id"))
    var adapter: String?

    @OptionGroup var connection: Connection

    /// The maximum bytes of text per call, which keeps messages well below the protocol's limit of 16 MiB.
    private static let bytesPerCall = 4 << 20

    func run() async throws {
        try await connection.run { output in
            let texts = try IntentText.resolveLines(texts)
            try await connection.withClient { client in
                var reply = Methods.Encode.Reply(embeddings: [])
                for part in Self.parts(texts) {
                    reply.embeddings += try await client.call(
                        Methods.Encode.self, .init(texts: part.map { PrivateText($0) }, adapterId: adapter)
                    ).embeddings
                }
                try output.emit(reply) { $0.embeddings(reply.embeddings, of: texts) }
            }
        }
    }

    /// The texts in batches that fit into one message each.
    ///
    /// No texts make one empty batch, which the daemon rejects.
    private static func parts(_ texts: [String]) -> [[String]] {
        var parts: [[String]] = [[]]
        var bytes = 0
        for text in texts {
            if bytes + text.utf8.count > bytesPerCall, bytes > 0 {
                parts.append([])
                bytes = 0
            }
            parts[parts.count - 1].append(text)
            bytes += text.utf8.count
        }
        return parts
    }
}

extension Report {
    fileprivate mutating func embeddings(_ embeddings: [Wire.Embedding], of texts: [String]) {
        var rows = Table([
            .right("TOKENS"), .right("COSINE TO FIRST"), .left("FIRST COMPONENTS"), .left("TEXT"),
        ])
        for (embedding, text) in zip(embeddings, texts) {
            let cosine = zip(embedding.values, embeddings.first?.values ?? []).reduce(0) { $0 + $1.0 * $1.1 }
            let first = embedding.values.prefix(3).map { Format.fixed($0, digits: 4) }.joined(separator: " ")
            rows.add([
                String(embedding.tokens) + (embedding.truncated == true ? " (truncated)" : ""),
                Format.fixed(cosine), first,
                text,
            ])
        }
        table(rows, orIfEmpty: "There are no texts to encode.")
        if let dimension = embeddings.first?.values.count {
            line("Each embedding has \(Format.count(dimension, "component")); --json prints them all.")
        }
        if embeddings.contains(where: { $0.truncated == true }) {
            warning("texts marked (truncated) exceed the text encoder's maximum length.")
        }
    }
}

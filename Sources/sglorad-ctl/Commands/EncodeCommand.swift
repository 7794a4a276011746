import ArgumentParser
import ControlProtocol
import Privacy

/// `encode`: texts become embeddings.
struct EncodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Encode texts with the box's text encoder, with or without an adapter.",
        discussion: """
            Prints for each text how many tokens were read, its cosine to the first text, and the first numbers of its \
            embedding; --json prints all numbers. With --adapter, the encoder runs with that adapter applied, which shows \
            what the adapter does.

              sglorad-ctl encode "a small bird" "a large bird" --adapter ID
              sglorad-ctl encode --json < texts.txt
            """)

    @Argument(
        help: ArgumentHelp(
            "The texts, at most 1024; none, or -, reads one text a line from standard input.",
            valueName: "text"))
    var texts: [String] = []

    @Option(help: ArgumentHelp("The id of a published adapter to apply.", valueName: "id"))
    var adapter: String?

    @OptionGroup var connection: Connection

    /// How many bytes of text go into one call, so that a message stays far below the protocol's 16 MiB.
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

    /// The texts in parts that each fit into a message; no texts are one empty part, so that the daemon judges them.
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
            .right("TOKENS"), .right("COSINE TO FIRST"), .left("FIRST NUMBERS"), .left("TEXT"),
        ])
        for (embedding, text) in zip(embeddings, texts) {
            let cosine = zip(embedding.values, embeddings.first?.values ?? []).reduce(0) { $0 + $1.0 * $1.1 }
            let first = embedding.values.prefix(3).map { Format.fixed($0, digits: 4) }.joined(separator: " ")
            rows.add([
                String(embedding.tokens) + (embedding.truncated == true ? " (cut)" : ""),
                Format.fixed(cosine), first,
                text,
            ])
        }
        table(rows, orIfEmpty: "There is no text to encode.")
        if let dimension = embeddings.first?.values.count {
            line("Each embedding has \(Format.count(dimension, "number")); --json prints them all.")
        }
        if embeddings.contains(where: { $0.truncated == true }) {
            warning("texts marked (cut) were longer than the text encoder reads.")
        }
    }
}

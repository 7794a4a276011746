internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct ExpertImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import trained PEFT adapters into the library as experts.",
        discussion: """
            Reads adapter_config.json and adapter_model.safetensors from each folder and from its checkpoint-<number> \
            folders, with your own permissions, and uploads them. The expert's name and description come from the folder's \
            expert.json, such as {"name": "birds", "description": "Match definitions of birds to their names"}; for a \
            single folder they can be given as options. Intents are compared with the description.

            A checkpoint that is incomplete, damaged or oddly named is left out and named. Without weights of its own, a \
            folder's last checkpoint is the adapter.

              sglorad-ctl expert import adapters/*
              sglorad-ctl expert import out --name birds --description "Match definitions of birds to their names"

            Several folders are imported one after the other. If one fails, the others are still imported, and the exit \
            status reports the failure. With --json, a single folder prints the daemon's reply, several print \
            {"failures": [...], "imported": [...]}.
            """)

    @Argument(help: ArgumentHelp("The folders of the experts.", valueName: "dir"), completion: .directory)
    var folders: [String]

    @Option(help: ArgumentHelp("The expert's name, instead of expert.json's.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The description of the expert's task, instead of expert.json's.", valueName: "text"))
    var description: String?

    @Option(
        help: ArgumentHelp(
            "The base model, instead of adapter_config.json's base_model_name_or_path.", valueName: "name"))
    var base: String?

    @Flag(
        help: """
            Make a base model of its own, even if the adapter's sites are those of a known one or resemble them under a \
            prefix.
            """)
    var newBase = false

    @OptionGroup var connection: Connection

    func validate() throws {
        if folders.count > 1, name != nil || description != nil {
            throw ValidationError("'--name' and '--description' can only be used with a single folder.")
        }
    }

    func run() async throws {
        try await connection.run { output in
            // A single folder is checked before connecting to the daemon.
            if let folder = folders.first, folders.count == 1 {
                let expert = try ExpertFolderReader.expert(folder, name: name, description: description)
                try await connection.withClient { client in
                    let reply = try await send(expert, client)
                    try output.emit(reply) { Self.describe(reply, &$0) }
                }
            } else {
                try await connection.withClient { try await importAll($0, output) }
            }
        }
    }

    private func importAll(_ client: VarlinkClient, _ output: Output) async throws {
        var summary = ExpertImportSummary()
        for folder in folders {
            do {
                let reply = try await send(try ExpertFolderReader.expert(folder), client)
                summary.imported.append(reply)
                if !output.json { try output.emit(reply) { Self.describe(reply, &$0) } }
            } catch let failure as ConnectionFailure {
                // Without the daemon, all other folders would fail as well.
                summary.add(Failure(failure), folder: folder)
                break
            } catch {
                summary.add(Failure(error), folder: folder)
            }
        }
        let left = folders.count - summary.imported.count - summary.failures.count
        try output.emit(summary) { report in
            report.line(
                "Imported \(Format.count(summary.imported.count, "expert")), "
                    + "\(summary.failures.count) failed\(left > 0 ? ", \(left) not tried" : "").")
        }
        if let status = summary.status { throw ExitCode(status.rawValue) }
    }

    private func send(_ expert: ExpertFolder, _ client: VarlinkClient) async throws
        -> Methods.ImportExpert.Reply
    {
        let files = try await OutgoingFile.upload(expert.files, to: client, title: expert.name)
        var reply = try await client.call(
            Methods.ImportExpert.self,
            .init(
                name: expert.name, description: expert.description, base: base,
                newBase: newBase ? true : nil, files: files))
        let leftOut = expert.leftOut + (reply.leftOut ?? [])
        reply.leftOut = leftOut.isEmpty ? nil : leftOut
        return reply
    }

    private static func describe(_ reply: Methods.ImportExpert.Reply, _ report: inout Report) {
        report.line(sentence(reply))
        for note in reply.notes ?? [] { report.line("  \(note)") }
        for part in reply.leftOut ?? [] { report.warning("\(part.name) was left out: \(part.reason)") }
    }

    private static func sentence(_ reply: Methods.ImportExpert.Reply) -> String {
        let expert = reply.expert
        let checkpoints = Format.count(expert.checkpoints, "checkpoint")
        guard reply.unchanged != true else {
            return "\(expert.name): unchanged, the library of \(expert.base) already has this expert"
        }
        let created = reply.baseCreated == true ? ", a new base model" : ""
        let cut =
            expert.descriptionTruncated == true
            ? "; its description exceeds the text encoder's maximum length and was truncated" : ""
        let foreign =
            expert.foreign == true
            ? "; it comes from another initialisation, so generators are not trained on it" : ""
        let raised =
            reply.raisedRank.map { "; the library's rank is now \($0), retrain its generators" } ?? ""
        return
            "\(expert.name): imported with \(checkpoints) into the library of "
            + "\(expert.base)\(created)\(cut)\(foreign)\(raised)"
    }
}

/// The result of importing several folders; with `--json`, one document for all.
struct ExpertImportSummary: Encodable, Sendable {
    /// A folder that could not be imported.
    struct Entry: Encodable, Sendable {
        let folder: String
        let error: String
        let parameters: [String: FailureDocument.Field]
        let remedy: String
    }

    /// The daemon's replies, in the order of the folders.
    var imported: [Methods.ImportExpert.Reply] = []
    private(set) var failures: [Entry] = []
    private var statuses: Set<ExitStatus> = []

    private enum CodingKeys: String, CodingKey {
        case imported, failures
    }

    /// Records a failure and prints it immediately.
    mutating func add(_ failure: Failure, folder: String) {
        let document = FailureDocument(failure)
        failures.append(
            Entry(
                folder: folder, error: document.error, parameters: document.parameters,
                remedy: document.remedy))
        statuses.insert(failure.status)
        let named = Failure(
            name: failure.name, message: "\(folder) was not imported. \(failure.message)",
            remedy: failure.remedy, status: failure.status)
        StandardError.write(named.text(.of(descriptor: 2)))
    }

    /// The exit status: nil for success, the failures' common status, or 1 if they differ.
    var status: ExitStatus? {
        guard let first = statuses.first else { return nil }
        return statuses.count == 1 ? first : .failed
    }
}

import ArgumentParser
import ControlProtocol

/// `expert import`: PEFT folders become experts.
struct ExpertImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import trained PEFT adapters into the library.",
        discussion: """
            Reads from each folder, with your own rights, adapter_config.json, adapter_model.safetensors and those of its \
            checkpoint-<number> folders, and sends them. Name and description stand in the folder's expert.json, \
            {"name": "birds", "description": "Match definitions of birds to their names"}, or are given for a single \
            folder. The description is what intents are compared with.

              sglorad-ctl expert import adapters/*
              sglorad-ctl expert import out --name birds --description "Match definitions of birds to their names"

            Several folders are imported one after the other; one that fails does not keep the others out, and the exit \
            status tells. With --json, a single folder prints the daemon's reply, several print {"failures": [...], \
            "imported": [...]}.
            """)

    @Argument(help: ArgumentHelp("The experts' folders.", valueName: "dir"), completion: .directory)
    var folders: [String]

    @Option(help: ArgumentHelp("The expert's name, instead of expert.json's.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("What its task is, instead of expert.json's.", valueName: "text"))
    var description: String?

    @Option(
        help: ArgumentHelp(
            "The base model, instead of adapter_config.json's base_model_name_or_path.", valueName: "name"))
    var base: String?

    @OptionGroup var connection: Connection

    func validate() throws {
        if folders.count > 1, name != nil || description != nil {
            throw ValidationError("'--name' and '--description' are for a single folder.")
        }
    }

    func run() async throws {
        try await connection.run { output in
            // A single folder is read before the daemon is asked for.
            if let folder = folders.first, folders.count == 1 {
                let expert = try ExpertFolderReader.expert(folder, name: name, description: description)
                try await connection.withClient { client in
                    let reply = try await send(expert, client)
                    try output.emit(reply) { $0.line(Self.sentence(reply)) }
                }
            } else {
                try await connection.withClient { try await importAll($0, output) }
            }
        }
    }

    private func importAll(_ client: Client, _ output: Output) async throws {
        var summary = ExpertImportSummary()
        for folder in folders {
            do {
                let reply = try await send(try ExpertFolderReader.expert(folder), client)
                summary.imported.append(reply)
                if !output.json { try output.emit(reply) { $0.line(Self.sentence(reply)) } }
            } catch let failure as ConnectionFailure {
                // Without the daemon the other folders fail alike.
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

    private func send(_ expert: ExpertFolder, _ client: Client) async throws -> Methods.ImportExpert.Reply {
        let files = try await Upload.send(expert.files, to: client, as: expert.name)
        return try await client.call(
            Methods.ImportExpert.self,
            .init(name: expert.name, description: expert.description, base: base, files: files))
    }

    private static func sentence(_ reply: Methods.ImportExpert.Reply) -> String {
        let expert = reply.expert
        let checkpoints = Format.count(expert.checkpoints, "checkpoint")
        guard reply.unchanged != true else {
            return "\(expert.name): unchanged, the same expert is in the library of \(expert.base) already"
        }
        let created = reply.baseCreated == true ? ", which is new" : ""
        let cut =
            expert.descriptionTruncated == true
            ? "; its description is longer than the text encoder reads" : ""
        let foreign =
            expert.foreign == true
            ? "; it comes from another initialisation, so no generator is trained on it" : ""
        let raised =
            reply.raisedRank.map { "; the library's rank is \($0) now, train its generators anew" } ?? ""
        return
            "\(expert.name): imported with \(checkpoints) into the library of "
            + "\(expert.base)\(created)\(cut)\(foreign)\(raised)"
    }
}

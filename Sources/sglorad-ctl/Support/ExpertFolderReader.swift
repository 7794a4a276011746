import ErrorModel
import FoundationEssentials

/// An expert's folder as PEFT and the Hugging Face trainer leave it, read with the caller's rights.
struct ExpertFolder: Sendable {
    /// The expert's name.
    let name: String
    /// What its task is, in plain words.
    let description: String
    /// What is to be sent, the adapter's own files first, then those of its checkpoints by number.
    let files: [OutgoingFile]
}

/// Finds out what an adapter's folder holds; every error names the file and says what to do.
enum ExpertFolderReader {
    private static let configuration = "adapter_config.json"
    private static let weights = "adapter_model.safetensors"

    /// What `expert.json` holds.
    private struct Card: Decodable {
        var name: String?
        var description: String?
    }

    /// Reads an expert's folder; `name` and `description` are taken from its `expert.json` where they are not given.
    ///
    /// Throws `InvalidFile`.
    static func expert(
        _ folder: String, name: String? = nil, description: String? = nil
    ) throws(SgloradError) -> ExpertFolder {
        var files = try adapterFiles(folder)
        for checkpoint in try checkpoints(folder) {
            files += try adapterFiles("\(folder)/\(checkpoint)", prefix: "\(checkpoint)/")
        }
        if let name, let description {
            return ExpertFolder(name: name, description: description, files: files)
        }
        let card = try card(folder)
        let path = "\(folder)/expert.json"
        guard let name = name ?? card.name, !name.isEmpty else {
            throw .invalidFile(path, "it gives the expert no name. Add \"name\", or say --name.")
        }
        guard let description = description ?? card.description, !description.isEmpty else {
            throw .invalidFile(
                path, "it does not describe the expert's task. Add \"description\", or say --description.")
        }
        return ExpertFolder(name: name, description: description, files: files)
    }

    /// The two files of an adapter; `prefix` stands before the names that the daemon learns.
    ///
    /// Throws `InvalidFile`.
    static func adapterFiles(_ folder: String, prefix: String = "") throws(SgloradError) -> [OutgoingFile] {
        guard SystemCall.kind(ofPath: folder) == .folder else {
            throw .invalidFile(folder, "there is no such folder. Name the folder of a PEFT adapter.")
        }
        guard SystemCall.exists("\(folder)/\(configuration)") else {
            throw .invalidFile(
                folder, "the folder holds no \(configuration), so it is not that of a PEFT adapter.")
        }
        guard SystemCall.exists("\(folder)/\(weights)") else {
            let hint =
                SystemCall.exists("\(folder)/adapter_model.bin")
                ? "It holds adapter_model.bin, which can run code when it is read: "
                    + "load the adapter and save it again with save_pretrained(…, safe_serialization=True)."
                : "Save the adapter with save_pretrained(…, safe_serialization=True)."
            throw .invalidFile(folder, "the folder holds no \(weights). \(hint)")
        }
        var files: [OutgoingFile] = []
        for name in [configuration, weights] {
            files.append(try OutgoingFile(name: prefix + name, path: "\(folder)/\(name)"))
        }
        return files
    }

    /// The names of the folders `checkpoint-<number>`, by number.
    private static func checkpoints(_ folder: String) throws(SgloradError) -> [String] {
        let prefix = "checkpoint-"
        var found: [(number: Int, name: String)] = []
        for name in try SystemCall.names(inFolder: folder) where name.hasPrefix(prefix) {
            let digits = name.dropFirst(prefix.count)
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits),
                SystemCall.kind(ofPath: "\(folder)/\(name)") == .folder
            else { continue }
            found.append((number, name))
        }
        return found.sorted { ($0.number, $0.name) < ($1.number, $1.name) }.map(\.name)
    }

    private static func card(_ folder: String) throws(SgloradError) -> Card {
        let path = "\(folder)/expert.json"
        guard SystemCall.exists(path) else {
            throw .invalidFile(
                folder,
                "the folder holds no expert.json with the expert's name and description. Say --name and --description."
            )
        }
        let content = try OutgoingFile.content(ofPath: path, limit: 1 << 20)
        do {
            return try JSONDecoder().decode(Card.self, from: Data(content))
        } catch {
            throw .invalidFile(
                path,
                "it is not a JSON object whose \"name\" and \"description\" are strings. Mend it, or say --name "
                    + "and --description.")
        }
    }
}

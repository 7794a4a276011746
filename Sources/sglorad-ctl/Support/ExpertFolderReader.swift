internal import ErrorModel
internal import Files
internal import FoundationEssentials

/// An expert's folder as PEFT and the Hugging Face trainer write it, read with the caller's permissions.
struct ExpertFolder: Sendable {
    let name: String
    /// The expert's task in plain language.
    let description: String
    /// The files to upload: the adapter's own, then those of its checkpoints by number.
    let files: [OutgoingFile]
}

/// Reads an expert's folder; every error names the file and the remedy.
enum ExpertFolderReader {
    private static let configuration = "adapter_config.json"
    private static let weights = "adapter_model.safetensors"

    /// The content of `expert.json`.
    private struct Card: Decodable {
        var name: String?
        var description: String?
    }

    /// Reads an expert's folder; its `expert.json` provides the name and description that are not given.
    ///
    /// Throws `invalidFile`.
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
            throw .invalidFile(path, "the expert's name is missing. Add \"name\", or use --name.")
        }
        guard let description = description ?? card.description, !description.isEmpty else {
            throw .invalidFile(
                path,
                "the description of the expert's task is missing. Add \"description\", or use --description.")
        }
        return ExpertFolder(name: name, description: description, files: files)
    }

    /// The two files of an adapter; `prefix` is prepended to the names that the daemon receives.
    ///
    /// Throws `invalidFile`.
    static func adapterFiles(_ folder: String, prefix: String = "") throws(SgloradError) -> [OutgoingFile] {
        guard FileKind(of: folder) == .folder else {
            throw .invalidFile(folder, "there is no such folder. Name the folder of a PEFT adapter.")
        }
        guard exists("\(folder)/\(configuration)") else {
            throw .invalidFile(
                folder, "the folder holds no \(configuration), so it is not a PEFT adapter.")
        }
        guard exists("\(folder)/\(weights)") else {
            let hint =
                exists("\(folder)/adapter_model.bin")
                ? "It holds adapter_model.bin, a pickle file that can run code when it is loaded: "
                    + "save the adapter again with save_pretrained(…, safe_serialization=True)."
                : "Save the adapter with save_pretrained(…, safe_serialization=True)."
            throw .invalidFile(folder, "the folder holds no \(weights). \(hint)")
        }
        var files: [OutgoingFile] = []
        for name in [configuration, weights] {
            files.append(try OutgoingFile(name: prefix + name, path: "\(folder)/\(name)"))
        }
        return files
    }

    /// The names of the `checkpoint-<number>` folders, by number.
    private static func checkpoints(_ folder: String) throws(SgloradError) -> [String] {
        let prefix = "checkpoint-"
        var found: [(number: Int, name: String)] = []
        for name in try Folder.names(in: folder) where name.hasPrefix(prefix) {
            let digits = name.dropFirst(prefix.count)
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits),
                FileKind(of: "\(folder)/\(name)") == .folder
            else { continue }
            found.append((number, name))
        }
        return found.sorted { ($0.number, $0.name) < ($1.number, $1.name) }.map(\.name)
    }

    private static func card(_ folder: String) throws(SgloradError) -> Card {
        let path = "\(folder)/expert.json"
        guard exists(path) else {
            throw .invalidFile(
                folder,
                "the folder holds no expert.json with the expert's name and description. Add one, or use --name and --description."
            )
        }
        let content = try OutgoingFile.content(ofPath: path, limit: 1 << 20)
        do {
            return try JSONDecoder().decode(Card.self, from: Data(content))
        } catch {
            throw .invalidFile(
                path,
                "it is not a JSON object with the strings \"name\" and \"description\". Correct it, or use --name "
                    + "and --description.")
        }
    }

    /// Whether the folder has an entry at that path, including a dangling symbolic link.
    private static func exists(_ path: String) -> Bool { FileKind(of: path, followingLinks: false) != nil }
}

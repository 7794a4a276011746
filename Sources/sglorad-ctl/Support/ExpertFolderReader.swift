internal import AdapterFiles
internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import SgloradInterface

/// An expert's folder as PEFT and the Hugging Face trainer write it, read with the caller's permissions.
struct ExpertFolder: Sendable {
    let name: String
    /// The expert's task in plain language.
    let description: String
    /// The files to upload: the adapter's own, then those of its checkpoints by number.
    let files: [OutgoingFile]
    /// What looks like a checkpoint and is not uploaded, with the reason.
    let leftOut: [Wire.LeftOut]
}

/// Reads an expert's folder; every error names the file and the remedy.
enum ExpertFolderReader {
    private static let configuration = AdapterFileName.configuration
    private static let weights = AdapterFileName.weights

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
        try requireFolder(folder)
        let (parts, leftOut) = try checkpoints(folder)
        // Without any weights of its own, the folder's last checkpoint is the adapter; the daemon takes it.
        let isWhole =
            parts.isEmpty || exists("\(folder)/\(weights)") || exists("\(folder)/\(AdapterFileName.pickle)")
        var files: [OutgoingFile] = []
        if isWhole {
            files = try adapterFiles(folder)
        } else if exists("\(folder)/\(configuration)") {
            files = [try OutgoingFile(name: configuration, path: "\(folder)/\(configuration)")]
        }
        files += parts
        if let name, let description {
            return ExpertFolder(name: name, description: description, files: files, leftOut: leftOut)
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
        return ExpertFolder(name: name, description: description, files: files, leftOut: leftOut)
    }

    private static func requireFolder(_ folder: String) throws(SgloradError) {
        guard FileKind(of: folder) == .folder else {
            throw .invalidFile(folder, "there is no such folder. Name the folder of a PEFT adapter.")
        }
    }

    /// The two files of an adapter; `prefix` is prepended to the names that the daemon receives.
    ///
    /// Throws `invalidFile`.
    static func adapterFiles(_ folder: String, prefix: String = "") throws(SgloradError) -> [OutgoingFile] {
        try requireFolder(folder)
        guard exists("\(folder)/\(configuration)") else {
            throw .invalidFile(
                folder, "the folder holds no \(configuration), so it is not a PEFT adapter.")
        }
        guard exists("\(folder)/\(weights)") else {
            let hint =
                exists("\(folder)/\(AdapterFileName.pickle)")
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

    /// The files of the `checkpoint-<number>` folders, by number, and the folders that are left out.
    private static func checkpoints(
        _ folder: String
    ) throws(SgloradError) -> (files: [OutgoingFile], leftOut: [Wire.LeftOut]) {
        var found: [(number: Int, name: String)] = []
        var leftOut: [Wire.LeftOut] = []
        for name in try Folder.names(in: folder) where FileKind(of: "\(folder)/\(name)") == .folder {
            if let number = AdapterFileName.checkpointNumber(ofFolder: name) {
                found.append((number, name))
            } else if AdapterFileName.resemblesCheckpoint(name) {
                leftOut.append(
                    Wire.LeftOut(
                        name: name,
                        reason: "a checkpoint is called checkpoint-<number>, without leading zeros."))
            }
        }
        var files: [OutgoingFile] = []
        for (_, name) in found.sorted(by: { $0.number < $1.number }) {
            do throws(SgloradError) {
                files += try checkpointFiles("\(folder)/\(name)", name)
            } catch {
                leftOut.append(Wire.LeftOut(name: name, reason: error.message))
            }
        }
        return (files, leftOut)
    }

    /// The files of a checkpoint: its weights, and its configuration if it has one of its own.
    private static func checkpointFiles(
        _ folder: String, _ name: String
    ) throws(SgloradError) -> [OutgoingFile] {
        guard exists("\(folder)/\(weights)") else {
            throw .invalidFile(
                folder, "it holds no \(weights); the training may have ended while it was being saved.")
        }
        var files: [OutgoingFile] = []
        for file in [configuration, weights] where exists("\(folder)/\(file)") {
            files.append(try OutgoingFile(name: "\(name)/\(file)", path: "\(folder)/\(file)"))
        }
        return files
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
        if let mistaken = MistakenContent(content, insteadOf: .json) {
            throw .invalidFile(path, "\(mistaken.reason).")
        }
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

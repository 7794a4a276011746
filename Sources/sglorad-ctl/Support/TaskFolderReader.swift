internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import SgloradInterface

/// Reads the task files of an evaluation with the caller's permissions; every error names the file and the remedy.
enum TaskFolderReader {
    /// The maximum total size of the tasks: a message to the daemon may have 16 MiB.
    static let limit = 12 << 20

    private static let form = """
        A task file holds "name", "description", "pool" (a list of texts) and "queries" (a list of objects with "text" and \
        "answer", the index of the correct text in the pool).
        """

    /// The tasks in a folder's `*.json` files, in the order of the file names; hidden files are ignored.
    ///
    /// Throws `invalidFile` if the folder holds no task file, an invalid one, or more than ``limit`` bytes.
    static func tasks(inFolder folder: String) throws(SgloradError) -> [Wire.EvaluationTask] {
        guard FileKind(of: folder) == .folder else {
            throw .invalidFile(
                folder, "there is no such folder. Name a folder with one JSON file per task.")
        }
        let names = try Folder.names(in: folder).filter {
            $0.hasSuffix(".json") && !$0.hasPrefix(".")
        }
        guard !names.isEmpty else {
            throw .invalidFile(
                folder, "the folder holds no task file, that is, no *.json file. \(form)")
        }
        var tasks: [Wire.EvaluationTask] = []
        var bytes = 0
        for name in names {
            let path = "\(folder)/\(name)"
            let task = try task(path)
            // Only the fields that are sent count, not what else the file holds.
            bytes += (try? JSONEncoder().encode(task).count) ?? 0
            guard bytes < limit else {
                throw .invalidFile(
                    path,
                    "with this file, the tasks exceed the limit of \(Format.bytes(limit)) per call. Use fewer or smaller "
                        + "tasks.")
            }
            tasks.append(task)
        }
        return tasks
    }

    private static func task(_ path: String) throws(SgloradError) -> Wire.EvaluationTask {
        let content = try OutgoingFile.content(ofPath: path, limit: limit)
        do {
            return try JSONDecoder().decode(Wire.EvaluationTask.self, from: Data(content))
        } catch let error as DecodingError {
            throw .invalidFile(path, "it is not a valid task: \(reason(error)). \(form)", cause: error)
        } catch {
            throw .invalidFile(path, "it is not a valid task. \(form)", cause: error)
        }
    }

    /// The field that is missing or invalid.
    private static func reason(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.reduce("") { text, key in
                if let index = key.intValue { return "\(text)[\(index)]" }
                return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
            }
        }
        switch error {
        case .keyNotFound(let key, let context): return "\"\(place(context.codingPath + [key]))\" is missing"
        case .typeMismatch(let type, let context):
            return "\"\(place(context.codingPath))\" is not of type \(type)"
        case .valueNotFound(_, let context): return "\"\(place(context.codingPath))\" is null"
        default: return "it is not JSON"
        }
    }
}

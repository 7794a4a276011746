import ControlProtocol
import ErrorModel
import FoundationEssentials

/// Reads the task files of an evaluation with the caller's rights; every error names the file and says what to do.
enum TaskFolderReader {
    /// The most bytes that the tasks may have together: a message to the daemon has 16 MiB at most.
    static let limit = 12 << 20

    private static let form = """
        A task file holds "name", "description", "pool" (a list of texts) and "queries" (a list of objects with "text" and \
        "answer", the place of the right text in the pool).
        """

    /// The tasks of all files of a folder whose names end in `.json`, in the order of the names.
    ///
    /// Throws `InvalidFile` where the folder holds none, or a file that is not a task, or too much.
    static func tasks(inFolder folder: String) throws(SgloradError) -> [Wire.EvaluationTask] {
        guard SystemCall.kind(ofPath: folder) == .folder else {
            throw .invalidFile(
                folder, "there is no such folder. Name one that holds task files, one task a file.")
        }
        let names = try SystemCall.names(inFolder: folder).filter {
            $0.hasSuffix(".json") && !$0.hasPrefix(".")
        }
        guard !names.isEmpty else {
            throw .invalidFile(
                folder, "the folder holds no task file: none of its names ends in .json. \(form)")
        }
        var tasks: [Wire.EvaluationTask] = []
        var bytes = 0
        for name in names {
            let path = "\(folder)/\(name)"
            let task = try task(path)
            // What is sent counts, not what the file holds beside it.
            bytes += (try? JSONEncoder().encode(task).count) ?? 0
            guard bytes < limit else {
                throw .invalidFile(
                    path,
                    "with it the tasks have over \(Format.bytes(limit)), more than one call takes. Name a folder with "
                        + "fewer or smaller tasks.")
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
            throw .invalidFile(path, "it is not a task: \(reason(error)). \(form)", cause: error)
        } catch {
            throw .invalidFile(path, "it is not a task. \(form)", cause: error)
        }
    }

    /// Which field is missing or wrong.
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
            return "\"\(place(context.codingPath))\" is not of the type \(type)"
        case .valueNotFound(_, let context): return "\"\(place(context.codingPath))\" is null"
        default: return "it is not JSON"
        }
    }
}

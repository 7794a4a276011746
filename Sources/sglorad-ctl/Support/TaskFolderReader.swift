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
    /// - Parameters:
    ///   - folder: the folder.
    ///   - examples: a folder of examples, of which each task has those in the file of its name; nil for none.
    /// - Throws: `invalidFile` if the folder holds no task file, an invalid one, or more than ``limit`` bytes, or if no task has
    ///   examples; `invalidIntent` for an invalid line of examples.
    static func tasks(
        inFolder folder: String, examples: String? = nil
    ) throws(SgloradError) -> [Wire.EvaluationTask] {
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
            var task = try task(path)
            if let examples {
                task.examples = try ExampleOptions.examples(of: task.name, inFolder: examples)
            }
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
        if let examples, tasks.allSatisfy({ $0.examples == nil }) {
            throw .invalidFile(
                examples,
                "it holds examples of none of the tasks. Name each file as its task, such as "
                    + "\(SafeText(tasks.first?.name ?? "task")).jsonl")
        }
        return tasks
    }

    private static func task(_ path: String) throws(SgloradError) -> Wire.EvaluationTask {
        let content = try OutgoingFile.content(ofPath: path, limit: limit)
        do {
            var task = try JSONDecoder().decode(Wire.EvaluationTask.self, from: Data(content))
            // The files state results measured elsewhere, of which one is sent.
            let measured = try? JSONDecoder().decode(MeasuredTask.self, from: Data(content))
            task.oracle = task.oracle ?? measured?.recallAt1.oracle
            task.examples = nil
            return task
        } catch let error as DecodingError {
            throw .invalidFile(path, "it is not a valid task: \(reason(error)). \(form)", cause: error)
        } catch {
            throw .invalidFile(path, "it is not a valid task. \(form)", cause: error)
        }
    }

    /// What a task file may state of results.
    private struct MeasuredTask: Decodable {
        struct Recall: Decodable { var oracle: Double }
        var recallAt1: Recall
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
